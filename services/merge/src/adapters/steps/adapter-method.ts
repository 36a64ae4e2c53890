import type { Definition } from '@eigenloom/contracts';
import type { CallOptions, Matrix, MergeStep, Real } from '@eigenloom/numeric';

import type { InputRules, MethodFacts } from '../../steps/method-facts.js';

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

/** What is known of a method that makes one adapter of several, whatever its parameters. */
export interface AdapterFacts extends MethodFacts {
  /** Exchanging adapters, with their weights, changes rounding errors at most. */
  readonly symmetric: boolean;
  /**
   * What the members of a module must share; `pairs` beside the rank: every adapter has every module, with one scale. Tensors in full
   * are then merged too, else one adapter at most may have each.
   */
  readonly alike: 'nothing' | 'rank' | 'pairs';
}

/** A way to make one adapter of several, with its parameters. */
export interface AdapterMethod extends AdapterFacts, InputRules {
  readonly makes: 'adapter';
  /** Shares of the adapters in a tensor in full, where `alike` is `pairs`. */
  savedWeights(adapters: number): readonly number[] | undefined;
  /** Rank of the result, or where it depends on the values the largest that it may have. */
  rankOf(module: ModuleMembers): number;
  mergePairs(module: ModuleMembers, kernels: PairKernels): Promise<MergedPair>;
}

/** A method that makes an adapter of adapters. */
export interface AdapterDefinition<P> extends AdapterFacts, Definition<P, AdapterMethod> {
  readonly makes: 'adapter';
}

type Behaviour = Pick<AdapterMethod, 'rankOf' | 'mergePairs'> &
  Partial<Pick<AdapterMethod, 'check' | 'savedWeights'>>;

interface Described<P> extends Omit<AdapterFacts, 'inputs'> {
  /** As `Definition.create`, of what is not the same for all methods. */
  readonly create: (parameters: P, field: string) => Behaviour;
}

/** A method that merges adapters module by module. */
export function adapterMethod<P>({ create, ...described }: Described<P>): AdapterDefinition<P> {
  const facts = { ...described, inputs: { base: 'none', minModels: 1 }, makes: 'adapter' } as const;
  return {
    ...facts,
    create: (parameters, field) => ({
      ...facts,
      id: field,
      check: () => undefined,
      savedWeights: () => undefined,
      ...create(parameters, field),
    }),
  };
}

/** Sum of the ranks. */
export const totalRank = ({ members }: ModuleMembers): number =>
  members.reduce((sum, { rank }) => sum + rank, 0);

/** Largest rank. */
export const largestRank = ({ members }: ModuleMembers): number =>
  members.reduce((most, { rank }) => Math.max(most, rank), 0);
