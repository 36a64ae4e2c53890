import { readdir, stat } from 'node:fs/promises';

import { notFound } from '@eigenloom/errors';
import {
  type CallOptions,
  type OpenFileOptions,
  type SafetensorsFile,
  foldLowRank,
} from '@eigenloom/numeric';

import { carriedFilesOf } from './carried-files.js';
import { foldAdapters } from './fold-adapters.js';
import type { FoldedPair, Model, ModelArrays, TensorInfo, TensorSource } from './model.js';
import { loadConfig } from './model-config.js';
import { withNewHead } from './new-head.js';
import { type WeightFiles, openWeightFiles } from './weight-files.js';

export interface OpenModelOptions extends OpenFileOptions {
  /** Folders of PEFT adapters to fold into the model, in order. */
  readonly adapters?: readonly string[] | undefined;
  /** Adapters parted embeddings and head when the model was made: `untied` of the model. */
  readonly untied?: boolean | undefined;
}

/**
 * Opens a folder in Hugging Face layout or one safetensors file, with adapters folded in. Headers are checked now, tensors are
 * read when asked for. Errors: those of the files (`CORRUPT_SAFETENSORS`, `PICKLE_REFUSED`, …) and of the adapters.
 */
export async function openModel(path: string, options: OpenModelOptions = {}): Promise<Model> {
  const weights = await openWeightFiles(path, options);
  const isFolder = (await stat(path)).isDirectory();
  const present = isFolder ? await readdir(path) : [];
  const { config, ignored } = await loadConfig(weights.directory, present);
  const carriedFiles = isFolder ? await carriedFilesOf(path) : [];
  const stored = new Map<string, TensorSource>();
  for (const [name, file] of weights.holders) stored.set(name, { file, name, pairs: [] });
  const folded = await foldAdapters(stored, config, options.adapters ?? [], tensorInfos, options);
  const { sources } = folded;
  const untied = folded.untied || options.untied === true;
  const adapters = options.adapters ?? [];
  const headed = await withNewHead(folded.config, stored, tensorInfos(sources), adapters);
  return new OpenedModel({ weights, config: headed, untied, ignored, carriedFiles }, sources);
}

interface Parts {
  readonly weights: WeightFiles;
  readonly config: Model['config'];
  readonly untied: boolean;
  readonly ignored: readonly string[];
  readonly carriedFiles: readonly string[];
}

function tensorInfos(sources: ReadonlyMap<string, TensorSource>): Map<string, TensorInfo> {
  const infos = [...sources].map(([name, source]): [string, TensorInfo] => {
    const stored = source.file.tensors.get(source.name);
    if (stored === undefined) throw unknownTensor(source.file, source.name);
    return [name, { ...stored, name, file: source.file.file }];
  });
  return new Map(infos);
}

function unknownTensor(file: SafetensorsFile | undefined, name: string): Error {
  return notFound('UNKNOWN_TENSOR', `${file?.file ?? 'the model'}: no tensor ${JSON.stringify(name)}`);
}

class OpenedModel implements Model {
  readonly directory: string;
  readonly config: Model['config'];
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly weightFiles: ReadonlyMap<string, string>;
  readonly carriedFiles: readonly string[];
  readonly ignored: readonly string[];
  readonly untied: boolean;

  constructor(
    parts: Parts,
    private readonly sources: ReadonlyMap<string, TensorSource>,
  ) {
    this.directory = parts.weights.directory;
    this.config = parts.config;
    this.ignored = parts.ignored;
    this.untied = parts.untied;
    this.carriedFiles = parts.carriedFiles;
    this.tensors = tensorInfos(sources);
    this.weightFiles = new Map([...parts.weights.files].map(([name, file]) => [name, file.path]));
  }

  source(name: string): TensorSource {
    const source = this.sources.get(name);
    if (source === undefined) throw unknownTensor(undefined, name);
    return source;
  }

  async read<K extends keyof ModelArrays>(
    name: string,
    as: K,
    options: CallOptions = {},
  ): Promise<ModelArrays[K]> {
    const { file, name: stored, pairs } = this.source(name);
    let values: Float32Array | Float64Array = await file.read(stored, as, options);
    for (const pair of pairs) values = await foldOne(name, values, pair, options);
    return values as ModelArrays[K];
  }

  async readRaw(name: string, options: CallOptions = {}): Promise<Uint8Array | undefined> {
    const { file, name: stored, pairs } = this.source(name);
    return pairs.length > 0 ? undefined : file.read(stored, 'raw', options);
  }

  async countNonFinite(name: string, options: CallOptions = {}): Promise<number> {
    const { file, name: stored } = this.source(name);
    return file.countNonFinite(stored, options);
  }
}

async function foldOne(
  name: string,
  values: Float32Array | Float64Array,
  { a, b, rank, scale, rows, columns }: FoldedPair,
  options: CallOptions,
): Promise<Float32Array | Float64Array> {
  const shape = { rows, columns };
  if (values.BYTES_PER_ELEMENT === Float32Array.BYTES_PER_ELEMENT) {
    return foldLowRank(name, values as Float32Array, shape, { a, b, rank, scale }, options);
  }
  const pair = { a: new Float64Array(a), b: new Float64Array(b), rank, scale };
  return foldLowRank(name, values, shape, pair, options);
}
