import type { ModelPaths } from '../../plan/planned.js';

/** Examples of a model's own task. Only the texts are read: what a statistic needs of labels comes from the model. */
export interface Texts {
  readonly path: string;
  readonly textField: string;
  /** The first examples only; 0: all. */
  readonly limit: number;
  /** Longest text, in tokens. */
  readonly maxLength: number;
  /** Where the request names them, for messages. */
  readonly field?: string;
}

/** Where the labels of the likelihood come from: all, weighed by the model's probabilities, or drawn with them. */
export type LabelChoice = 'exact' | 'sampled';

export type StatisticKind =
  | { readonly kind: 'fisher'; readonly labels: LabelChoice; readonly seed: bigint }
  | { readonly kind: 'gram'; readonly batchSize: number };

/** One statistic of one model. */
export interface StatisticTask {
  readonly model: ModelPaths;
  readonly tokenizerFolder: string;
  readonly texts: Texts;
  readonly statistic: StatisticKind;
  /** Path of the file to write. */
  readonly output: string;
}

/** Changes with every change of the numbers, so that what was computed before is not found any more. */
export const VERSIONS: Readonly<Record<StatisticKind['kind'], number>> = { fisher: 2, gram: 2 };

/** A tensor of a statistic for a weight of the model. */
export interface ComputedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}
