import type { BackendName } from '@eigenloom/engine';
import type { DataSource } from '@eigenloom/models';

export type ProjectionKind = 'fastfood' | 'sparse' | 'dense';

/** A text classifier made of a model. */
export interface TextTask {
  readonly kind: 'text';
  readonly modelPath: string;
  readonly adapterPaths: readonly string[];
  readonly train: DataSource;
  readonly test: DataSource;
  readonly maxLength: number;
  readonly randomWeights: boolean;
}

/** A perceptron on the features of a file. */
export interface FeatureTask {
  readonly kind: 'features';
  readonly path: string;
  /** Examples to learn from. */
  readonly limit: number;
  readonly hidden: readonly number[];
}

/** Everything that a run depends on beside its dimensions. */
export interface Setting {
  readonly task: TextTask | FeatureTask;
  readonly projection: ProjectionKind;
  readonly structureAware: boolean;
  /** Ascending. */
  readonly dimensions: readonly number[];
  readonly threshold: number;
  /** Undefined: measured. */
  readonly fullScore: number | undefined;
  readonly learningRate: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly backend: BackendName;
  /** Where the request has the parameters, for errors. */
  readonly field: string;
}

/** What the worker is given. */
export interface DimensionInput {
  readonly setting: Setting;
  readonly seed: bigint;
}

/** One training. */
export interface DimensionRun {
  /** Undefined: all weights. */
  readonly dimensions: number | undefined;
  readonly accuracy: number;
  readonly loss: number;
  /** Of the learning rate, as it was used. */
  readonly learningRate: number;
}

export interface DimensionOutput {
  /** In the order in which they were made. */
  readonly runs: readonly DimensionRun[];
  /** D. */
  readonly parameters: number;
  /** Of the structure-aware form. */
  readonly layers: number;
  readonly fullScore: number;
  /** Smallest of the dimensions that reaches the target, as bisection finds it. */
  readonly found: number | undefined;
}
