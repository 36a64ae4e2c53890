import { basename } from 'node:path';

import { opening } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';
import {
  type ClassifiedText,
  type Example,
  type HeadClasses,
  labelsOf,
  loadDataset,
  rowsOfLabels,
  tokenizeExamples,
  type TextTokenizer,
  type TokenizedTexts,
} from '@eigenloom/models';
import { type ChosenClasses, namesOf, todoOf } from '../plan/choose-classes.js';
import type { DataCounts, TextCounts } from './messages.js';
import type { DataPlan, TrainPlan } from '../plan/train-plan.js';

/** Examples as token ids; a language model's have label −1. */
export interface TrainingData {
  /** Class names in the order of the head's rows; empty for a language model. */
  readonly labels: readonly string[];
  readonly train: readonly ClassifiedText[];
  readonly validation: readonly ClassifiedText[] | null;
  readonly counts: DataCounts;
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
  const train = await read(plan.trainData, 'train_data', chosen !== null, signal);
  const validation =
    plan.validationData === null
      ? null
      : await read(plan.validationData, 'validation_data', chosen !== null, signal);
  const tokenized = (data: ReadData): Promise<TokenizedTexts> =>
    opening({ field: data.field }, () =>
      tokenizeExamples(tokenizer, data.examples, {
        ...{ path: data.path, maxLength: plan.maxLength, requireTokens: chosen !== null, signal },
      }),
    );
  if (chosen === null)
    return languageData(plan, await tokenized(train), validation && (await tokenized(validation)));
  const classes = chosen.classes ?? classesOf(train.examples);
  const rowOf = rowsOfAll(classes, chosen, train.examples, validation?.examples ?? []);
  const classified = async (data: ReadData): Promise<UsedTexts> => {
    const { rows, cut } = await tokenized(data);
    const texts = data.examples.map(({ label }, i) => ({
      ids: rows[i] ?? new Int32Array(0),
      label: rowOf.get(label ?? '') ?? -1,
    }));
    return { texts, counts: { texts: rows.length, cut, unused: 0 } };
  };
  return together(namesOf(classes), await classified(train), validation && (await classified(validation)));
}

interface ReadData {
  readonly field: string;
  readonly path: string;
  readonly examples: readonly Example[];
}

async function read(
  { path, textField, labelField, limit }: DataPlan,
  field: string,
  requireLabels: boolean,
  signal: AbortSignal,
): Promise<ReadData> {
  const examples = await opening({ field }, () =>
    loadDataset(path, { textField, labelField, limit, requireLabels, signal }),
  );
  return { field, path, examples };
}

interface UsedTexts {
  readonly texts: readonly ClassifiedText[];
  readonly counts: TextCounts;
}

const together = (
  labels: readonly string[],
  train: UsedTexts,
  validation: UsedTexts | null,
): TrainingData => ({
  labels,
  train: train.texts,
  validation: validation === null ? null : validation.texts,
  counts: { train: train.counts, validation: validation === null ? null : validation.counts },
});

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

function languageData(
  { trainData, validationData }: TrainPlan,
  train: TokenizedTexts,
  validation: TokenizedTexts | null,
): TrainingData {
  const used = (texts: TokenizedTexts, field: string, path: string): UsedTexts =>
    languageTexts(texts, `${field} (${basename(path)})`);
  return together(
    [],
    used(train, 'train_data', trainData.path),
    validation && used(validation, 'validation_data', validationData?.path ?? ''),
  );
}

// A text of one token has no next token to learn from.
function languageTexts({ rows, cut }: TokenizedTexts, where: string): UsedTexts {
  const texts = rows.filter((ids) => ids.length > 1).map((ids) => ({ ids, label: -1 }));
  if (texts.length === 0) {
    throw incompatible(
      'NO_NEXT_TOKENS',
      `${where}: no text has two tokens or more, so none has a next token to predict`,
    );
  }
  return { texts, counts: { texts: rows.length, cut, unused: rows.length - texts.length } };
}
