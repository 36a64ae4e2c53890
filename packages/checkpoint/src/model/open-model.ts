import { readdir, stat } from 'node:fs/promises';

import { AppError, notFound } from '@eigenloom/errors';
import { type CallOptions, type SafetensorsFile, type StoredTensor, foldLowRank } from '@eigenloom/numeric';

import { WEIGHTS_FILE } from '../adapter/adapter.js';
import { type Place, opening } from '../place.js';
import { carriedFilesOf } from './carried-files.js';
import { DenseFile, type DenseTensors } from './dense-tensors.js';
import { type FoldOptions, type FoldedSource, foldAdapters } from './fold-adapters.js';
import type { FoldedPair, Model, ModelArrays, TensorFold, TensorInfo, TensorSource } from './model.js';
import { loadConfig } from './model-config.js';
import { withNewHead } from './new-head.js';
import { methodOf, quantizationOf, quantized, refuseQuantized, withoutQuantization } from './quantization.js';
import { type WeightFiles, openWeightFiles } from './weight-files.js';

export interface OpenModelOptions extends FoldOptions {
  /** Folders of PEFT adapters to fold into the model, in order. */
  readonly adapters?: readonly string[] | undefined;
  /** Where a request names the model and its adapters, for errors. */
  readonly places?: ModelPlaces | undefined;
  /** What messages about its weights call the model. Default: its place. */
  readonly label?: string | undefined;
  /** Adapters parted embeddings and head when the model was made: `untied` of the model. */
  readonly untied?: boolean | undefined;
}

export interface ModelPlaces {
  readonly model: Place;
  readonly adapters: readonly Place[];
}

/**
 * Opens a folder in Hugging Face layout or one safetensors file, with adapters folded in. Headers are checked now, tensors are
 * read when asked for. Errors: those of the files (`CORRUPT_SAFETENSORS`, `PICKLE_REFUSED`, …) and of the adapters; `SCALED_WEIGHTS`
 * where the weights are quantized.
 */
export async function openModel(path: string, options: OpenModelOptions = {}): Promise<Model> {
  const { places } = options;
  const parts = await opening(places?.model, () => openParts(path, options));
  if (options.label !== undefined) refuseQuantized(parts, options.label);
  const stored = new Map<string, FoldedSource>();
  for (const [name, file] of parts.weights.holders) stored.set(name, { file, name, folds: [] });
  const folders = (options.adapters ?? []).map((folder, index) => ({
    folder,
    place: places?.adapters[index],
  }));
  const { sources, config, ...folded } = await foldAdapters(
    stored,
    parts.config,
    folders,
    tensorInfos,
    options,
  );
  const untied = folded.untied || options.untied === true;
  const headed = await withNewHead(config, stored, tensorInfos(sources), options.adapters ?? []);
  return new OpenedModel({ ...parts, config: headed, untied }, sources);
}

async function openParts(path: string, options: OpenModelOptions): Promise<Parts> {
  const weights = await openWeightFiles(path, options).catch(async (error: unknown) => {
    throw await unknownType(error, path);
  });
  const isFolder = (await stat(path)).isDirectory();
  const present = isFolder ? await readdir(path) : [];
  const { config, ignored } = await loadConfig(weights.directory, present);
  const tensors = storedTensors(weights);
  if (options.label === undefined) refuseQuantized({ tensors, config });
  const carriedFiles = isFolder ? await carriedFilesOf(path) : [];
  const notes = [...(weights.notes ?? []), ...besideNotes(present)];
  const said = methodOf(config);
  if (said === undefined || quantizationOf(tensors, config) !== undefined) {
    return { weights, tensors, config, ignored, carriedFiles, notes };
  }
  const why = `config.json: ${said} is left out, because the weights are plain floating-point numbers`;
  return {
    ...{ weights, tensors, ignored, carriedFiles },
    config: withoutQuantization(config),
    notes: [...notes, why],
  };
}

/** A storage type that is not known here is mostly one of quantized weights, which the config then says. */
async function unknownType(error: unknown, path: string): Promise<unknown> {
  if (!(error instanceof AppError) || error.details['fault'] !== 'UNKNOWN_DTYPE') return error;
  const present = await readdir(path).catch(() => []);
  const { config } = await loadConfig(path, present);
  return methodOf(config) === undefined ? error : quantized(error.message, config, undefined, error.details);
}

const storedTensors = ({ holders }: WeightFiles): Map<string, StoredTensor> =>
  new Map(
    [...holders].flatMap(([name, file]) => {
      const stored = file.tensors.get(name);
      return stored === undefined ? [] : [[name, stored]];
    }),
  );

/** What else lies in a model's folder and might be thought to be part of it. */
const besideNotes = (present: readonly string[]): string[] =>
  present.includes(WEIGHTS_FILE)
    ? [`${WEIGHTS_FILE} beside the model's weights is not folded in; name the folder under adapters for that`]
    : [];

interface Parts {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly notes: readonly string[];
  readonly weights: WeightFiles;
  readonly config: Model['config'];
  readonly ignored: readonly string[];
  readonly carriedFiles: readonly string[];
}

function tensorInfos(sources: ReadonlyMap<string, FoldedSource>): Map<string, TensorInfo> {
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
  readonly notes: readonly string[];
  private readonly denseFile: DenseFile | undefined;

  constructor(
    parts: Parts & { readonly untied: boolean },
    private readonly sources: ReadonlyMap<string, FoldedSource>,
  ) {
    this.directory = parts.weights.directory;
    this.config = parts.config;
    this.ignored = parts.ignored;
    this.untied = parts.untied;
    this.notes = parts.notes;
    this.carriedFiles = parts.carriedFiles;
    this.tensors = tensorInfos(sources);
    this.weightFiles = new Map([...parts.weights.files].map(([name, file]) => [name, file.path]));
    const dense = [...this.tensors.values()].filter(({ name }) => isDense(this.folded(name)));
    if (dense.length > 0)
      this.denseFile = new DenseFile(dense, (name, options) => this.fold(name, 'f64', options));
  }

  get dense(): DenseTensors | undefined {
    return this.denseFile;
  }

  source(name: string): TensorSource {
    const { folds, ...stored } = this.folded(name);
    const pairs = folds.filter((fold) => 'rank' in fold);
    if (pairs.length === folds.length || this.denseFile === undefined) return { ...stored, pairs };
    return { file: this.denseFile.streamed(name), name, pairs: [], derived: true };
  }

  private folded(name: string): FoldedSource {
    const source = this.sources.get(name);
    if (source === undefined) throw unknownTensor(undefined, name);
    return source;
  }

  async read<K extends keyof ModelArrays>(
    name: string,
    as: K,
    options: CallOptions = {},
  ): Promise<ModelArrays[K]> {
    const made = this.denseFile?.holding(name, as);
    return made === undefined ? this.fold(name, as, options) : made.read(name, as, options);
  }

  private async fold<K extends keyof ModelArrays>(
    name: string,
    as: K,
    options: CallOptions,
  ): Promise<ModelArrays[K]> {
    const { file, name: stored, folds } = this.folded(name);
    // Folds that are no pairs are worked out in f64, and rounded once.
    const dense = isDense({ folds });
    let values: Float32Array | Float64Array = await file.read(stored, dense ? 'f64' : as, options);
    for (const fold of folds) values = await foldOne(name, values, fold, options);
    return (dense && as === 'f32' ? Float32Array.from(values) : values) as ModelArrays[K];
  }

  async readRaw(name: string, options: CallOptions = {}): Promise<Uint8Array | undefined> {
    const { file, name: stored, folds } = this.folded(name);
    return folds.length > 0 ? undefined : file.read(stored, 'raw', options);
  }

  async countNonFinite(name: string, options: CallOptions = {}): Promise<number> {
    const { file, name: stored } = this.folded(name);
    return file.countNonFinite(stored, options);
  }
}

const isDense = ({ folds }: Pick<FoldedSource, 'folds'>): boolean => folds.some((fold) => 'apply' in fold);

async function foldOne(
  name: string,
  values: Float32Array | Float64Array,
  fold: TensorFold,
  options: CallOptions,
): Promise<Float32Array | Float64Array> {
  return 'apply' in fold
    ? fold.apply(values as Float64Array, options)
    : foldPair(name, values, fold, options);
}

async function foldPair(
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
