import { corruptData, incompatible } from '@eigenloom/errors';
import { labelsOf, loadDataset, tokenize, type ClassifiedText, type TextTokenizer } from '@eigenloom/models';
import type { DataPlan, ObjectivePlan, TrainPlan } from '../plan/train-plan.js';

/** Examples as token ids; a language model's have label −1. */
export interface TrainingData {
  readonly labels: readonly string[];
  readonly train: readonly ClassifiedText[];
  readonly validation: readonly ClassifiedText[] | null;
}

/** Reads and tokenises the data sets. Errors name the file and line of an example that does not fit. */
export async function loadTrainingData(
  plan: TrainPlan,
  tokenizer: TextTokenizer,
  maxLength: number,
  signal: AbortSignal,
): Promise<TrainingData> {
  const read = async (data: DataPlan, labels: readonly string[] | null): Promise<Read> =>
    readOne(data, plan.objective, { tokenizer, maxLength, labels, signal });
  const train = await read(plan.trainData, null);
  const validation = plan.validationData === null ? null : await read(plan.validationData, train.labels);
  return { labels: train.labels, train: train.texts, validation: validation?.texts ?? null };
}

interface Read {
  readonly labels: readonly string[];
  readonly texts: readonly ClassifiedText[];
}

interface ReadOptions {
  readonly tokenizer: TextTokenizer;
  readonly maxLength: number;
  readonly labels: readonly string[] | null;
  readonly signal: AbortSignal;
}

async function readOne(data: DataPlan, objective: ObjectivePlan, options: ReadOptions): Promise<Read> {
  const classes = objective.kind === 'sequence_classification';
  const { textField, labelField, limit } = data;
  const { signal } = options;
  const examples = await loadDataset(data.path, {
    textField,
    labelField,
    limit,
    requireLabels: classes,
    signal,
  });
  const rows = await tokenize(
    options.tokenizer,
    examples.map(({ text }) => text),
    { maxLength: options.maxLength, signal },
  );
  if (!classes) return { labels: [], texts: languageTexts(rows) };
  const labels = options.labels ?? (objective.labels.length > 0 ? objective.labels : labelsOf(examples));
  if (labels.length < 2) throw incompatible('ONE_CLASS', 'the training data has one class only');
  const index = new Map(labels.map((label, i) => [label, i]));
  const texts = examples.map(({ label, line }, i) => {
    const found = index.get(label ?? '');
    if (found === undefined) {
      throw corruptData(
        'LABEL_UNKNOWN',
        `line ${line}: ${JSON.stringify(label)} is not one of the ${labels.length} classes`,
      );
    }
    return { ids: rows[i] ?? new Int32Array(0), label: found };
  });
  return { labels, texts };
}

// A text of one token has no next token to learn from.
function languageTexts(rows: readonly Int32Array[]): ClassifiedText[] {
  const texts = rows.filter((ids) => ids.length > 1).map((ids) => ({ ids, label: -1 }));
  if (texts.length === 0) throw incompatible('NO_NEXT_TOKENS', 'no text of the data has two tokens or more');
  return texts;
}
