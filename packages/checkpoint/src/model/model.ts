import type { CallOptions, Dtype, SafetensorsFile } from '@eigenloom/numeric';

import type { DenseTensors } from './dense-tensors.js';
import type { ModelConfig } from './model-config.js';

/** A tensor of a model, before it is read. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: Dtype;
  /** Empty for a scalar. */
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** Base name of the file that holds it. */
  readonly file: string;
}

export interface ModelArrays {
  f32: Float32Array;
  f64: Float64Array;
}

/** A low-rank pair that is added to a tensor when it is read: W + scale · B · A, with W seen as rows × columns. */
export interface FoldedPair {
  readonly rows: number;
  readonly columns: number;
  readonly rank: number;
  readonly scale: number;
  /** (rank, columns). */
  readonly a: Float32Array;
  /** (rows, rank). */
  readonly b: Float32Array;
}

/** What an adapter that adds no low-rank pair makes of a tensor, row by row in float64. The given values stay as they are. */
export interface DenseFold {
  apply(values: Float64Array, options: CallOptions): Float64Array | Promise<Float64Array>;
}

/** What an adapter does to one tensor. */
export type TensorFold = FoldedPair | DenseFold;

/** Where a tensor comes from, for readers that stream it themselves. */
export interface TensorSource {
  readonly file: SafetensorsFile;
  readonly name: string;
  /** In order of the adapters. */
  readonly pairs: readonly FoldedPair[];
  /** The file was made from the model and is none of its own. */
  readonly derived?: boolean;
}

/** A checkpoint. Tensors are read when asked for; adapters given to `openModel` are part of what is read. */
export interface Model {
  /** Folder of the files; of a single file, the folder that it is in. */
  readonly directory: string;
  /** `config.json` as it holds with the adapters; empty for a single file. */
  readonly config: ModelConfig;
  /** Adapters made two weights of embeddings and head that were one: the config says so, and the head is among the tensors. */
  readonly untied: boolean;
  /** In order of file, then of the data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Weight files as `role/path` parts for lineage: absolute paths by file name. */
  readonly weightFiles: ReadonlyMap<string, string>;
  /** Tokenizer and other files that belong to the model, as paths in `directory`. */
  readonly carriedFiles: readonly string[];
  /** Keys that would run code, ignored: `config.json: auto_map`. */
  readonly ignored: readonly string[];
  /** What else is worth knowing of its files: two sets of weights in one folder, and the like. */
  readonly notes?: readonly string[];
  /** What adapters change by more than pairs; left out where they change nothing so. */
  readonly dense?: DenseTensors | undefined;
  /** A tensor in the given precision. Errors: `UNKNOWN_TENSOR`. */
  read<K extends keyof ModelArrays>(name: string, as: K, options?: CallOptions): Promise<ModelArrays[K]>;
  /** The stored bytes of a tensor that no adapter changes, else `undefined`. */
  readRaw(name: string, options?: CallOptions): Promise<Uint8Array | undefined>;
  /** NaN and infinite elements of a tensor as it is stored. */
  countNonFinite(name: string, options?: CallOptions): Promise<number>;
  /** Where a tensor comes from. Errors: `UNKNOWN_TENSOR`; internal, for one of `dense` that has no file yet. */
  source(name: string): TensorSource;
}
