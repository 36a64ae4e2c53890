import type { JsonObject, PeftFormat } from '@eigenloom/checkpoint';
import type { tf } from '@eigenloom/engine';
import type { HookKind, ModuleSpec, SiteHooks } from '@eigenloom/models';

/** The kinds of modules that something can be added to. */
export type SiteKind = ModuleSpec['kind'];

/** A module that an adapter changes. */
export type Site<K extends SiteKind = SiteKind> = Extract<ModuleSpec, { kind: K }> & {
  /** What the adapter calls the module: its path, or the path with one component more or less in front. */
  readonly name: string;
  /** Its place among the sites, from 0. */
  readonly index: number;
};

/** The tensors of one site, and those that all share, by PEFT's names. */
export type TensorsOf<Part extends string, T> = (part: Part) => T;

/** What the first values of a tensor follow from. */
export interface StartSource {
  readonly seed: bigint;
  /** The weight of a module by its path, row by row: [out, in] of a linear one. */
  weight(module: string): Promise<Float64Array>;
}

/** A tensor that a parametrisation adds. */
export interface AdapterTensor<Part extends string = string> {
  readonly part: Part;
  /** Path of the module that it belongs to; null where all sites share it. */
  readonly module: string | null;
  readonly shape: readonly number[];
  /** False where the values stay as they start. */
  readonly trained: boolean;
  /** The factor of a low-rank pair that it is, which a start may fill instead: B·A. */
  readonly role?: 'a' | 'b';
  /** Values before training, row by row. */
  readonly start: (from: StartSource) => Float32Array | Promise<Float32Array>;
}

/** What is computed at a site, by its kind. Called once for a network, not once for a pass. */
export type Hooks<Part extends string> = {
  readonly [K in Exclude<HookKind, 'weight'>]?: (
    site: Site<K>,
    tensors: TensorsOf<Part, tf.Tensor>,
  ) => SiteHooks[K];
} & {
  /** For a change of the weight itself, wherever the module uses it. */
  readonly weight?: (
    site: Site<'linear' | 'patches' | 'norm' | 'embedding' | 'weight'>,
    tensors: TensorsOf<Part, tf.Tensor>,
  ) => SiteHooks['weight'];
};

/** A module whose weight a fold changes. */
export interface FoldSite {
  readonly kind: SiteKind;
  readonly name: string;
  /** Of the weight: [out, in] of a linear module, [rows, width] of an embedding, [size] of a norm. */
  readonly shape: readonly number[];
}

type Folded = Float64Array | Promise<Float64Array>;

/** The adapter as new values of the module's tensors, in float64 and without an approximation. */
export interface FoldRule<Part extends string> {
  readonly weight: (site: FoldSite, weight: Float64Array, tensors: TensorsOf<Part, Float64Array>) => Folded;
  /** Left out where biases stay as they are; a module without a bias is refused otherwise. */
  readonly bias?: (site: FoldSite, bias: Float64Array, tensors: TensorsOf<Part, Float64Array>) => Folded;
}

/** A tensor of an adapter with its values. */
export interface FactorValues {
  readonly part: string;
  readonly module: string | null;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A module as it is written. */
export interface WrittenModule {
  readonly name: string;
  /** Its path in the files. */
  readonly path: string;
}

/** What the config of an adapter says beside its kind's own parameters. */
export interface ConfigContext {
  readonly modules: readonly WrittenModule[];
  /** Weights of the model are stored (in, out). */
  readonly fanInFanOut: boolean;
}

/** An adapter of another form. */
export interface Rebased {
  readonly parametrisation: Parametrisation;
  readonly factors: readonly FactorValues[];
}

/**
 * What is added to a network, with its parameters: tensors, what is computed with them, how they fold into the weights, and what their
 * files are. One kind, one folder: `spec.ts` (tensors), `forward.ts` (hooks), `fold.ts`, `peft.ts` (files), `index.ts` (joins them).
 */
export interface Parametrisation<Part extends string = string> {
  readonly format: PeftFormat<Part>;
  /** Kinds of modules that it can be added to. */
  readonly at: readonly SiteKind[];
  /** Whether a network with the adapter's own start computes what it computes without the adapter. */
  readonly neutral: boolean;
  /** Terms of the low-rank pair s·B·A that a start may fill by the roles `a` and `b`; left out where the kind has none. */
  readonly pair?: PairTerms;
  /** Positions that it takes before those of the input; default 0. */
  readonly positions?: number;
  tensors(sites: readonly Site[]): readonly AdapterTensor<Part>[];
  readonly hooks: Hooks<Part>;
  /** Left out where it depends on the input and cannot be folded. */
  readonly fold?: FoldRule<Part>;
  /** The kind's own keys of `adapter_config.json`. */
  config(context: ConfigContext): JsonObject;
  /** The share of its inputs that is dropped while training; left out where the kind has no dropout. */
  readonly dropout?: number;
  /** The same with a share of its inputs dropped while training; left out where the kind has no dropout. */
  withDropout?(rate: number): Parametrisation<Part>;
  /** The same with ranks and alphas of single modules, by name; left out where the kind has none. */
  withRanks?(modules: ReadonlyMap<string, RankAndAlpha>): Parametrisation<Part>;
  /**
   * The change from `start` to `trained` as an adapter for the model before a start that changed its weights; left out where the kind has
   * no such form.
   */
  rebase?(trained: readonly FactorValues[], start: readonly FactorValues[]): Rebased;
}

/** s = alpha / rank, or alpha / √rank when rank-stabilised. */
export interface PairTerms extends RankAndAlpha {
  readonly rankStabilized: boolean;
}

export interface RankAndAlpha {
  readonly rank: number;
  readonly alpha: number;
}

/** The name of a tensor of an adapter among those that are trained: `lora_A/encoder.layer.0.attention.self.query`; of a shared one: `vera_A`. */
export const factorName = (part: string, module: string | null): string =>
  module === null ? part : `${part}/${module}`;
