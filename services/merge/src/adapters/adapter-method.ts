import type { CallOptions, Matrix, MergeStep, Real } from '@eigenloom/numeric';

import type { AdapterCase, ModelParameters, ParametersOf } from '../methods/method.js';

/** One adapter's share in a module: w·s·B·A. */
export interface Member {
  /** w. */
  readonly weight: number;
  readonly density: number | undefined;
  /** s, alpha / rank or what rank stabilisation makes of it. */
  readonly scaling: number;
  readonly rank: number;
}

/** A (rank, columns) and B (rows, rank) of one member. */
export interface Factors {
  readonly a: Matrix<Float64Array>;
  readonly b: Matrix<Float64Array>;
}

/** A module with the adapters that have it, in order. */
export interface ModuleMembers {
  readonly module: string;
  readonly rows: number;
  readonly columns: number;
  readonly members: readonly Member[];
}

/** What a method computes with, off the event loop. */
export interface PairKernels {
  /** The factors of every member, in f64. */
  factors(): Promise<readonly Factors[]>;
  /** One factor of all members, element by element through the steps of the core; one entry a member in their lists. */
  mergeFactor(side: 'a' | 'b', steps: readonly MergeStep[]): Promise<Float32Array>;
  /** As `mergeFactor`, of matrices of one shape that the method made. */
  mergeMatrices(matrices: readonly Matrix[], steps: readonly MergeStep[]): Promise<Float32Array>;
  readonly options: CallOptions;
}

/** The result in one module: scaling · B · A. */
export interface MergedPair {
  readonly a: Real;
  readonly b: Real;
  readonly rank: number;
  readonly scaling: number;
}

/** A way to make one adapter of several. */
export interface AdapterMethod<K extends AdapterCase = AdapterCase> {
  readonly case: K;
  /** Id, snake_case: the oneof's field in the proto. */
  readonly id: string;
  readonly summary: string;
  readonly paper: string;
  readonly inputs: { readonly base: 'none'; readonly minModels: number; readonly maxModels?: number };
  /** Exchanging adapters, with their weights, changes rounding errors at most. */
  readonly symmetric: boolean;
  /**
   * What the members of a module must share; `pairs` beside the rank: every adapter has every module, with one scale. Tensors in full
   * are then merged too, else one adapter at most may have each.
   */
  readonly alike: 'nothing' | 'rank' | 'pairs';
  /** Throws InvalidInput for parameters outside their range. */
  check(parameters: ParametersOf<K>, models: readonly ModelParameters[]): void;
  /** Shares of the adapters in a tensor in full, where `alike` is `pairs`. */
  savedWeights?(adapters: number, parameters: ParametersOf<K>): readonly number[];
  /** Rank of the result, or where it depends on the values the largest that it may have. */
  rankOf(module: ModuleMembers, parameters: ParametersOf<K>): number;
  mergePairs(module: ModuleMembers, parameters: ParametersOf<K>, kernels: PairKernels): Promise<MergedPair>;
}

export const defineAdapterMethod = <K extends AdapterCase>(method: AdapterMethod<K>): AdapterMethod<K> =>
  method;

/** Sum of the ranks. */
export const totalRank = ({ members }: ModuleMembers): number =>
  members.reduce((sum, { rank }) => sum + rank, 0);

/** Largest rank. */
export const largestRank = ({ members }: ModuleMembers): number =>
  members.reduce((most, { rank }) => Math.max(most, rank), 0);
