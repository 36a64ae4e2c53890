import type { MergeStep } from './merge-step.js';

/** A tensor of a file. Files, pairs and writers are positions in what `NativeMerge` was given. */
export interface StatisticDescription {
  readonly file: number;
  readonly tensor: string;
}

export interface SourceDescription {
  readonly file: number;
  readonly tensor: string;
  readonly statistic: StatisticDescription | null;
  readonly pairs: readonly number[];
}

/** What the core reads, as JSON, of one tensor of a merge. */
export interface TensorDescription {
  readonly name: string;
  readonly models: readonly SourceDescription[];
  readonly base: SourceDescription | null;
  /** Null for results that stay in memory. */
  readonly writer: number | null;
  readonly steps: readonly MergeStep[];
  /** Decimal, 64 bits. */
  readonly seed: string;
  readonly wide: boolean;
}

/** What the core reads, as JSON, of a tensor made of rows of others. */
export interface GatherDescription {
  readonly name: string;
  readonly sources: readonly SourceDescription[];
  readonly writer: number;
}
