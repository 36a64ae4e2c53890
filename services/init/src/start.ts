import type { common, init } from '@eigenloom/contracts';
import type { PairTerms } from '@eigenloom/adapters';
import type { Model } from '@eigenloom/checkpoint';
import type { ProgressUpdate } from '@eigenloom/runtime';

/** A member of the contract's oneof, with its parameters. */
export type StartChoice = NonNullable<init.Start['kind']>;

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
export interface PairSettings extends PairTerms {
  readonly scaling: number;
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

/** What a start works on: the model open, every target found. */
export interface StartInput {
  readonly model: Model;
  readonly modelPath: string;
  /** Adapters folded into the model. */
  readonly adapterPaths: readonly string[];
  readonly targets: readonly Target[];
  readonly settings: PairSettings;
  /** Numbers of all tensors that the adapter has. */
  readonly values: number;
  /** Local paths of the data sets, by field. */
  readonly dataPaths: ReadonlyMap<string, string>;
}

/** Examples that a start reads. */
export interface DataField {
  /** Where the request names them: `eva.data`. */
  readonly field: string;
  readonly ref: common.DatasetRef;
}

/** What a start takes, about. */
export interface StartCost {
  readonly seconds: number;
  /** Beside the pairs themselves. */
  readonly memoryBytes: number;
  readonly readsWeights: boolean;
}

export interface StartHooks {
  readonly signal: AbortSignal;
  progress(update: ProgressUpdate): void;
}

/** A way to start the pairs, with its parameters. */
export interface Start {
  /** s·B·A is taken out of the base. */
  readonly changesBase: boolean;
  /** It fills a low-rank pair; otherwise every tensor starts as its adapter says. */
  readonly fillsPairs: boolean;
  /** A module's pair depends on which others are adapted: the ranks are shared out between them. */
  readonly sharesRanks: boolean;
  /** Data that it reads. */
  readonly data: readonly DataField[];
  /** Throws for what can be known to fail before anything runs. */
  check?(input: StartInput): void | Promise<void>;
  cost(input: StartInput): StartCost;
  /** The pairs that it fills, by module path; a module that ends with rank 0 has none. */
  run(input: StartInput, hooks: StartHooks): Promise<ReadonlyMap<string, Pair>>;
}
