import type { PreparedTask, TaskName } from './data/prepare.js';
import type { DemoOptions } from './options.js';
import type { Start } from './plan/run-names.js';
import type { TaskVectorMerge } from './plan/requests.js';
import type { Interval } from './statistics/intervals.js';

/** How a model did on a task's test split. */
export interface TestScore {
  readonly right: number;
  readonly total: number;
  readonly accuracy: number;
  readonly loss: number;
  /** Wilson's 95 % interval, as if examples were independent. */
  readonly wilson: Interval;
  /** 95 % interval that keeps the examples of a speech or thread together. */
  readonly byGroup: Interval;
}

export interface TrainedRun {
  readonly id: string;
  readonly task: TaskName;
  readonly method: Start | 'full';
  readonly seed: number;
  readonly steps: number;
  /** Seconds of the whole job: loading, training, validation, writing. */
  readonly seconds: number;
  /** Training loss of every step. */
  readonly losses: readonly number[];
  readonly validation: { readonly loss: number; readonly accuracy: number };
  readonly test: TestScore;
}

export interface Soup {
  readonly id: string;
  readonly task: TaskName;
  readonly recipe: 'uniform' | 'greedy';
  readonly members: number;
  readonly kept: number;
  readonly seconds: number;
  readonly test: TestScore;
}

export interface TaskMerge {
  readonly id: string;
  readonly method: TaskVectorMerge['method'];
  readonly lambda: number;
  readonly seconds: number;
  /** Mean validation accuracy over the tasks, by which λ was chosen. */
  readonly validation: number;
  readonly chosen: boolean;
  /** By task; only of the chosen. */
  readonly test: Readonly<Partial<Record<TaskName, TestScore>>>;
}

/** The change of one weight matrix by one training. */
export interface TensorReading {
  readonly tensor: string;
  /** Singular values of the change, largest first. */
  readonly deltaSingularValues: readonly number[];
  /** For each leading left singular vector of the tuned matrix, its largest cosine to one of the base's. */
  readonly maxCosine: readonly number[];
  readonly intruders: number;
  readonly deltaStableRank: number | null;
}

export interface ModelReading {
  readonly id: string;
  readonly tensors: readonly TensorReading[];
}

/** Everything that the report says. */
export interface Results {
  readonly startedAt: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  readonly options: DemoOptions;
  readonly seconds: Readonly<Record<string, number>>;
  readonly tasks: readonly Omit<PreparedTask, 'test'>[];
  readonly runs: readonly TrainedRun[];
  readonly soups: readonly Soup[];
  /** Ids of the adapters whose encoders were merged. */
  readonly mergedEncoders: readonly string[];
  readonly merges: readonly TaskMerge[];
  /** Each task's head on the pretrained encoder, as nothing had been tuned but the head. */
  readonly untouched: Readonly<Partial<Record<TaskName, TestScore>>>;
  readonly readings: readonly ModelReading[];
  /** Folders that were written, with the digest of their content. */
  readonly artifacts: readonly { readonly folder: string; readonly digest: string }[];
}
