import type { init } from '@eigenloom/contracts';
import type { CallOptions } from '@eigenloom/numeric';

type Chosen = NonNullable<init.InitAdapterRequest['method']>;
/** Names of the request's oneof, which are the ids of the methods. */
export type MethodCase = Chosen['$case'];
export type ParametersOf<K extends MethodCase> = Extract<Chosen, { $case: K }>['value'];

/** A linear module that gets an adapter: y = W·x with W (rows × columns). */
export interface Target {
  /** Module path: key of the weight without `.weight`. */
  readonly path: string;
  /** Key of the weight. */
  readonly tensor: string;
  readonly rows: number;
  readonly columns: number;
  /** The weight is stored as its transpose (columns × rows), as in GPT-2. */
  readonly transposed: boolean;
}

/** What holds for every pair. s = alpha / rank, or alpha / √rank when rank-stabilised. */
export interface PairSettings {
  readonly rank: number;
  readonly alpha: number;
  readonly scaling: number;
  readonly rankStabilized: boolean;
  readonly seed: bigint;
}

/** A starting pair: ΔW = s·B·A. */
export interface Pair {
  /** (rank, columns), row by row. */
  readonly a: Float32Array;
  /** (rows, rank), row by row. */
  readonly b: Float32Array;
  readonly rank: number;
  readonly alpha: number;
}

/** What every method has. Pure: what is read is handed in. */
interface MethodBase<K extends MethodCase> {
  readonly id: K;
  readonly summary: string;
  readonly paper: string;
  /** s·B·A is taken out of the base. */
  readonly changesBase: boolean;
  /** Throws InvalidInput naming the field. */
  check(parameters: ParametersOf<K>): void;
}

/** Starts every pair from its own weight, or from nothing. */
export interface LayerMethod<K extends MethodCase> extends MethodBase<K> {
  readonly scope: 'layer';
  readonly needsWeight: boolean;
  /** Floating-point operations for one module, about. */
  operations(target: Target, rank: number, parameters: ParametersOf<K>): number;
  /** `weight` in float64, row by row, when the method needs it. */
  start(
    target: Target,
    weight: Float64Array,
    settings: PairSettings,
    parameters: ParametersOf<K>,
    options: CallOptions,
  ): Promise<Pair>;
}

/** The parts of a method that looks at the inputs of all modules on data. */
export interface ActivationMethod<K extends MethodCase> extends MethodBase<K> {
  readonly scope: 'activations';
}
