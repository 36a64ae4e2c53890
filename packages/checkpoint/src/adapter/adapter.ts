import type { JsonObject } from '../json-file.js';

export type AdapterModuleKind = 'linear' | 'embedding';

/** One low-rank pair: ΔW = scaling · B · A (of an embedding: its transpose). Row by row. */
export interface AdapterModule {
  readonly kind: AdapterModuleKind;
  /** (rank, in); of an embedding (rank, vocabulary); of a convolution (rank, in, kernel…). */
  readonly a: Float32Array;
  readonly aShape: readonly number[];
  /** (out, rank); of an embedding (dimension, rank); of a convolution (out, rank, 1…). */
  readonly b: Float32Array;
  readonly bShape: readonly number[];
  readonly rank: number;
  readonly alpha: number;
  /** alpha / rank, or alpha / √rank when rank-stabilised. */
  readonly scaling: number;
}

/** A pair without its values. */
export type AdapterModuleInfo = Omit<AdapterModule, 'a' | 'b'>;

/** A tensor that replaces the base's, or is new beside it: a classifier trained in full, a bias. */
export interface SavedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A LoRA adapter in PEFT's terms. */
export interface Adapter {
  readonly settings: AdapterSettings;
  /** By module path in the base, in order of path: `encoder.layer.0.attention.self.query`. */
  readonly modules: ReadonlyMap<string, AdapterModule>;
  /** By tensor name in the base: `classifier.weight`. */
  readonly savedTensors: ReadonlyMap<string, SavedTensor>;
}

/** What `adapter_config.json` says whatever the kind of the adapter. */
export interface PeftSettings {
  /** Names: each means every module of that name at any depth. Empty where `targetPattern` is given. */
  readonly targetModules: readonly string[];
  /** A regular expression for the whole path of a module, instead of names. */
  readonly targetPattern: string | undefined;
  readonly modulesToSave: readonly string[];
  /** Names, or a regular expression, of modules that the targets leave out. */
  readonly excludeModules: string | readonly string[];
  /** Numbers of the only layers that the target names mean; undefined: all. */
  readonly layersToTransform: readonly number[] | undefined;
  /** What a layer's number follows in a path; empty: anything. */
  readonly layersPattern: readonly string[];
  /** Which biases were trained: `none`, `all`, or `lora_only` and the like: those of the adapted modules. */
  readonly bias: string;
  /**
   * What the config says of weights stored (in, out), as in GPT-2. The architecture knows better where it is known, as in PEFT.
   */
  readonly fanInFanOut: boolean;
  /** `SEQ_CLS`, `CAUSAL_LM`, …; empty if none. */
  readonly taskType: string;
  readonly baseModel: string;
  /** The whole file, for keys that this package does not use. */
  readonly raw: JsonObject;
}

/** What `adapter_config.json` says of a LoRA adapter. */
export interface AdapterSettings extends PeftSettings {
  readonly rank: number;
  readonly alpha: number;
  readonly rankStabilized: boolean;
  /** By PEFT's patterns; where no pattern matches, `rank` and `alpha` hold. */
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
  readonly dropout: number;
  /** PEFT's `init_lora_weights`. Names such as `pissa` say that the adapter fits a changed base only. */
  readonly initLoraWeights: boolean | string;
}

export const CONFIG_FILE = 'adapter_config.json';
export const WEIGHTS_FILE = 'adapter_model.safetensors';
/** Files that an adapter's values depend on. */
export const ADAPTER_FILES: readonly string[] = [CONFIG_FILE, WEIGHTS_FILE];

export const scalingOf = (alpha: number, rank: number, rankStabilized: boolean): number =>
  rankStabilized ? alpha / Math.sqrt(rank) : alpha / rank;
