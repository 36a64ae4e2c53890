import { opening } from '@eigenloom/checkpoint';
import { type Example, loadDataset } from '@eigenloom/datasets';
import {
  type ClassifiedText,
  tokenizeExamples,
  type TextTokenizer,
  type TokenizedTexts,
} from '@eigenloom/models';
import type { DataCounts, DataSource, Reading, TextCounts } from './objective.js';

/** The examples of a data set. */
export interface ReadExamples {
  /** Where a request names it: `train_data`. */
  readonly field: string;
  readonly path: string;
  readonly examples: readonly Example[];
}

/** Texts as token ids, and what became of them. A text without a class has label −1. */
export interface UsedTexts {
  readonly texts: readonly ClassifiedText[];
  readonly counts: TextCounts;
}

/** The training data and the validation data of a run. */
export interface Both<T> {
  readonly train: T;
  readonly validation: T | null;
}

/** Reads both data sets. Errors: `LABEL_MISSING`, with the line, where labels are required; those of the files. */
export async function readBoth(
  { train, validation, signal }: Reading,
  requireLabels: boolean,
): Promise<Both<ReadExamples>> {
  const read = async (source: DataSource, field: string): Promise<ReadExamples> => {
    const { path, textField, labelField, limit } = source;
    const options = { textField, labelField, limit, requireLabels, signal };
    return { field, path, examples: await opening({ field }, () => loadDataset(path, options)) };
  };
  return {
    train: await read(train, 'train_data'),
    validation: validation === null ? null : await read(validation, 'validation_data'),
  };
}

/** Tokenises both data sets and makes texts of them. Errors: `TEXT_EMPTY`, with the line, where tokens are required. */
export async function useBoth(
  data: Both<ReadExamples>,
  tokenizer: TextTokenizer,
  { maxLength, signal }: Pick<Reading, 'maxLength' | 'signal'>,
  requireTokens: boolean,
  use: (data: ReadExamples, tokenized: TokenizedTexts) => UsedTexts,
): Promise<Both<UsedTexts>> {
  const used = async (read: ReadExamples): Promise<UsedTexts> => {
    const { field, path, examples } = read;
    const options = { path, maxLength, requireTokens, signal };
    return use(read, await opening({ field }, () => tokenizeExamples(tokenizer, examples, options)));
  };
  return {
    train: await used(data.train),
    validation: data.validation === null ? null : await used(data.validation),
  };
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
