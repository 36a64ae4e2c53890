import { type ClassifiedText, TextSet, type UsedTexts } from '@eigenloom/models';
import type { DataCounts, DataSource, Reading } from './objective.js';

/** The training data and the validation data of a run. */
export interface Both<T> {
  readonly train: T;
  readonly validation: T | null;
}

/** Reads both data sets. Errors: `LABEL_MISSING`, with the line, where labels are required; those of the files. */
export async function readBoth(
  { train, validation, signal }: Reading,
  requireLabels: boolean,
): Promise<Both<TextSet>> {
  const read = (source: DataSource, name: string): Promise<TextSet> =>
    TextSet.read({ ...source, name, place: { field: name } }, { requireLabels, signal });
  return {
    train: await read(train, 'train_data'),
    validation: validation === null ? null : await read(validation, 'validation_data'),
  };
}

/** Makes token ids of both data sets. */
export async function useBoth(
  { train, validation }: Both<TextSet>,
  use: (data: TextSet) => Promise<UsedTexts>,
): Promise<Both<UsedTexts>> {
  return { train: await use(train), validation: validation === null ? null : await use(validation) };
}

/** What an objective's data have of both sets. */
export const together = ({
  train,
  validation,
}: Both<UsedTexts>): {
  train: readonly ClassifiedText[];
  validation: readonly ClassifiedText[] | null;
  lengths: Int32Array;
  counts: DataCounts;
} => ({
  train: train.texts,
  validation: validation?.texts ?? null,
  lengths: Int32Array.from(train.texts, ({ ids }) => ids.length),
  counts: { train: train.counts, validation: validation?.counts ?? null },
});
