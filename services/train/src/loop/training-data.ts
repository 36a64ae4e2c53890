import { incompatible } from '@eigenloom/errors';
import { type Example, labelsOf } from '@eigenloom/datasets';
import {
  type ClassifiedText,
  type HeadClasses,
  rowsOfLabels,
  TextSet,
  type TextTokenizer,
  type UsedTexts,
} from '@eigenloom/models';
import { type ChosenClasses, namesOf, todoOf } from '../plan/choose-classes.js';
import type { DataCounts } from './messages.js';
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
  const options = { maxLength: plan.maxLength, signal };
  if (chosen === null) {
    const used = (data: TextSet): Promise<UsedTexts> => data.withNextTokens(tokenizer, options);
    return together([], await used(train), validation && (await used(validation)));
  }
  const classes = chosen.classes ?? classesOf(train.examples);
  const rowOf = rowsOfAll(classes, chosen, train.examples, validation?.examples ?? []);
  const used = (data: TextSet): Promise<UsedTexts> => data.classified(tokenizer, rowOf, options);
  return together(namesOf(classes), await used(train), validation && (await used(validation)));
}

const read = (data: DataPlan, field: string, requireLabels: boolean, signal: AbortSignal): Promise<TextSet> =>
  TextSet.read({ ...data, name: field, place: { field } }, { requireLabels, signal });

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
