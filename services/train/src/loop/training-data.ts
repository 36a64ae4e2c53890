import { incompatible } from '@eigenloom/errors';
import {
  type ClassifiedText,
  type Example,
  type HeadClasses,
  labelsOf,
  loadDataset,
  rowsOfLabels,
  tokenize,
  type TextTokenizer,
} from '@eigenloom/models';
import { type ChosenClasses, namesOf, todoOf } from '../plan/choose-classes.js';
import type { DataPlan, TrainPlan } from '../plan/train-plan.js';

/** Examples as token ids; a language model's have label −1. */
export interface TrainingData {
  /** Class names in the order of the head's rows; empty for a language model. */
  readonly labels: readonly string[];
  readonly train: readonly ClassifiedText[];
  readonly validation: readonly ClassifiedText[] | null;
}

/**
 * Reads and tokenises the data sets; `chosen` is null for a language model. A new head without given classes has those of the training
 * data, sorted. Errors name the file and line of an example that does not fit.
 */
export async function loadTrainingData(
  plan: TrainPlan,
  chosen: ChosenClasses | null,
  tokenizer: TextTokenizer,
  signal: AbortSignal,
): Promise<TrainingData> {
  const read = (data: DataPlan): Promise<Example[]> => {
    const { path, textField, labelField, limit } = data;
    return loadDataset(path, { textField, labelField, limit, requireLabels: chosen !== null, signal });
  };
  const idsOf = (examples: readonly Example[]): Promise<Int32Array[]> =>
    tokenize(
      tokenizer,
      examples.map(({ text }) => text),
      { maxLength: plan.maxLength, signal },
    );
  const train = await read(plan.trainData);
  const validation = plan.validationData === null ? null : await read(plan.validationData);
  if (chosen === null) {
    return {
      labels: [],
      train: languageTexts(await idsOf(train)),
      validation: validation === null ? null : languageTexts(await idsOf(validation)),
    };
  }
  const classes = chosen.classes ?? classesOf(train);
  const rowOf = rowsOfAll(classes, chosen, train, validation ?? []);
  const classified = async (examples: readonly Example[]): Promise<ClassifiedText[]> => {
    const ids = await idsOf(examples);
    return examples.map(({ label }, i) => ({
      ids: ids[i] ?? new Int32Array(0),
      label: rowOf.get(label ?? '') ?? -1,
    }));
  };
  return {
    labels: namesOf(classes),
    train: await classified(train),
    validation: validation === null ? null : await classified(validation),
  };
}

function classesOf(examples: readonly Example[]): HeadClasses {
  const names = labelsOf(examples);
  if (names.length < 2) {
    throw incompatible(
      'ONE_CLASS',
      `the training data has one class only, ${JSON.stringify(names[0])}; a new head needs two`,
    );
  }
  return { count: names.length, names };
}

/** One meaning of the labels for both data sets: names or numbers. */
function rowsOfAll(
  classes: HeadClasses,
  chosen: ChosenClasses,
  train: readonly Example[],
  validation: readonly Example[],
): ReadonlyMap<string, number> {
  const todo = todoOf(chosen);
  const rows = rowsOfLabels(classes, train, 'train_data', todo);
  if (validation.every(({ label }) => rows.has(label ?? ''))) return rows;
  rowsOfLabels(classes, validation, 'validation_data', todo);
  // Each fits alone: one by names that are integers, the other by numbers.
  return rowsOfLabels(classes, [...train, ...validation], 'train_data and validation_data', todo);
}

// A text of one token has no next token to learn from.
function languageTexts(rows: readonly Int32Array[]): ClassifiedText[] {
  const texts = rows.filter((ids) => ids.length > 1).map((ids) => ({ ids, label: -1 }));
  if (texts.length === 0) throw incompatible('NO_NEXT_TOKENS', 'no text of the data has two tokens or more');
  return texts;
}
