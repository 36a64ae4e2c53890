import type { ExampleSet, UsedExamples } from '@eigenloom/models';
import type { ObjectiveData, Reading } from './objective.js';

/** The training data and the validation data of a run. */
export interface Both<T> {
  readonly train: T;
  readonly validation: T | null;
}

/** Reads both data sets. Errors: `LABEL_MISSING`, with the line, where labels are required; those of the files. */
export async function readBoth(
  { train, validation, reader, signal }: Reading,
  requireLabels: boolean,
): Promise<Both<ExampleSet>> {
  const options = { requireLabels, signal };
  return {
    train: await reader.read(train, 'train_data', options),
    validation: validation === null ? null : await reader.read(validation, 'validation_data', options),
  };
}

/** Makes examples of both data sets. */
export async function useBoth(
  { train, validation }: Both<ExampleSet>,
  use: (data: ExampleSet) => Promise<UsedExamples>,
): Promise<Both<UsedExamples>> {
  return { train: await use(train), validation: validation === null ? null : await use(validation) };
}

/** What an objective's data have of both sets. */
export const together = (
  { reader: { kind } }: Reading,
  { train, validation }: Both<UsedExamples>,
): Pick<ObjectiveData, 'train' | 'validation' | 'counts'> => ({
  train: train.examples,
  validation: validation?.examples ?? null,
  counts: { kind, train: train.counts, validation: validation?.counts ?? null },
});
