import type { Place } from '@eigenloom/checkpoint';

import type { ModelPaths } from '../../plan/planned.js';

/** A data file with everything decided. */
export interface SearchData {
  readonly path: string;
  readonly textField: string;
  readonly labelField: string;
  /** 0: all. */
  readonly limit: number;
  /** Where the request names it, for messages. */
  readonly field: string;
}

/** A task that coefficients are learned from or judged by. */
export interface SearchTask {
  /** Position in the request of the model whose task it is. */
  readonly model: number;
  /** Whose classification head the task has, unless the head is merged. */
  readonly head: ModelPaths;
  readonly data: SearchData;
  /** −1 for a task to be forgotten. */
  readonly sign: 1 | -1;
}

/** A tensor of the result by its names in the files. */
export interface SearchTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** In the reference. */
  readonly reference: string;
  /** In the models, in order. */
  readonly models: readonly string[];
}

/** The models of a search and its tasks; plain data, so that it can cross to a worker thread. */
export interface SearchInput {
  /** What task vectors are taken from. */
  readonly reference: ModelPaths;
  /** In order of the coefficients. */
  readonly models: readonly ModelPaths[];
  /** All floating-point tensors of the result. */
  readonly tensors: readonly SearchTensor[];
  readonly tokenizerFolder: string;
  /** Whose tokenizer that is, for messages. */
  readonly tokenizerPlace?: Place;
  readonly tasks: readonly SearchTask[];
  readonly requireLabels: boolean;
  readonly batchSize: number;
  readonly maxLength: number;
  readonly memoryBytes: number;
  /** Memory for each element that a model changed, beside the models. Default: its merged value and its gradient. */
  readonly workingBytes?: number | undefined;
  /** Of the order of the examples. */
  readonly seed: bigint;
}
