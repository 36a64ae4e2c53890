import { incompatible } from '@eigenloom/errors';
import { type OpenFileOptions, type SafetensorsFile } from '@eigenloom/numeric';

import { adapterLabels, withLabels } from '../adapter/adapter-labels.js';
import { type AdapterKind, LORA_KIND } from '../adapter/adapter-kind.js';
import type { AdapterFold, StoredTensor } from '../adapter/fold-adapter.js';
import { namingAdapter } from '../adapter/naming-adapter.js';
import { readAdapterConfig } from '../adapter/read-adapter-config.js';
import { isOutputLayer } from '../module-kind.js';
import { type Place, opening } from '../place.js';
import type { TensorFold, TensorInfo } from './model.js';
import type { ModelConfig } from './model-config.js';
import {
  type TiedEmbeddings,
  cannotUntie,
  tiedEmbeddingsOf,
  tiesEmbeddings,
  untiedConfig,
} from './tied-embeddings.js';

/** Where a tensor comes from, with everything that adapters do to it, in their order. */
export interface FoldedSource {
  readonly file: SafetensorsFile;
  readonly name: string;
  readonly folds: readonly TensorFold[];
}

export interface FoldOptions extends OpenFileOptions {
  /** Kinds of adapters that are folded beside LoRA. */
  readonly kinds?: readonly AdapterKind[] | undefined;
}

/** Where the tensors of a model come from, with its config. */
export interface FoldedModel {
  readonly sources: ReadonlyMap<string, FoldedSource>;
  readonly config: ModelConfig;
  /** Embeddings and head were one weight, and an adapter made them two. */
  readonly untied: boolean;
}

/** An adapter with where a request names it, for errors. */
export interface FoldedFolder {
  readonly folder: string;
  readonly place: Place | undefined;
}

/** Describes sources for those who look for tensors by name. */
export type Describe = (sources: ReadonlyMap<string, FoldedSource>) => Map<string, TensorInfo>;

/**
 * Folds adapters into a model, in order. Where embeddings and head are one weight, each is what PEFT computes with: what trains a copy or a
 * pair of one leaves the other alone, and the result has both unless they are equal. Errors: those of the adapters; `TIED_EMBEDDINGS`.
 */
export async function foldAdapters(
  base: ReadonlyMap<string, FoldedSource>,
  given: ModelConfig,
  folders: readonly FoldedFolder[],
  describe: Describe,
  options: FoldOptions,
): Promise<FoldedModel> {
  if (folders.length === 0) return { sources: base, config: given, untied: false };
  let config = given;
  const tied = tiedEmbeddingsOf(config, base);
  const sources = new Map(base);
  const shared = tied && base.get(tied.embeddings);
  if (tied !== undefined && shared !== undefined && !base.has(tied.head)) sources.set(tied.head, shared);
  for (const { folder, place } of folders) {
    const apply = async (): Promise<void> => {
      const kind = await kindOf(folder, options.kinds ?? []);
      const fold = await kind.fold(folder, { tensors: describe(sources), config }, options);
      applyFold(sources, fold, tied);
      const hasTensorsInFull = fold.copied.size + fold.written.size > 0;
      const labels = hasTensorsInFull ? await adapterLabels(folder) : undefined;
      if (labels !== undefined) config = withLabels(config, labels);
    };
    await (place === undefined ? namingAdapter(folder, apply) : opening(place, apply));
  }
  const untied =
    tied === undefined ? hasNewHead(base, sources, config) : await differ(sources, base, tied, options);
  if (tied !== undefined && !untied && !base.has(tied.head)) sources.delete(tied.head);
  if (!untied) return { sources, config, untied };
  if (cannotUntie(config) && tiesEmbeddings(config) === true) {
    throw incompatible(
      'TIED_EMBEDDINGS',
      `adapters: ${JSON.stringify(tied?.head ?? 'lm_head')} becomes another weight than the embeddings, and models of the family ` +
        `${JSON.stringify(config['model_type'])} cannot be stored so; leave it out of the adapter`,
    );
  }
  return { sources, config: untiedConfig(config), untied };
}

/** The kind of a folder's adapter; what is none is left to LoRA's reader to refuse. */
export async function kindOf(folder: string, kinds: readonly AdapterKind[]): Promise<AdapterKind> {
  if (kinds.length === 0) return LORA_KIND;
  const config = await readAdapterConfig(folder);
  return kinds.find((kind) => kind.recognises(config)) ?? LORA_KIND;
}

function applyFold(
  sources: Map<string, FoldedSource>,
  { own, folds, copied, written }: AdapterFold,
  tied: TiedEmbeddings | undefined,
): void {
  /** Names that one weight has as long as it is one. */
  const namesOf = (name: string): readonly string[] => {
    if (tied === undefined || (name !== tied.embeddings && name !== tied.head)) return [name];
    return [tied.embeddings, tied.head];
  };
  for (const [name, stored] of own) {
    for (const each of namesOf(name)) sources.set(each, sourceOf(stored, sources.get(each)?.folds));
  }
  for (const [name, stored] of written) for (const each of namesOf(name)) sources.set(each, sourceOf(stored));
  for (const [name, stored] of copied) sources.set(name, sourceOf(stored));
  for (const [name, fold] of folds) {
    const source = sources.get(name);
    if (source !== undefined) sources.set(name, { ...source, folds: [...source.folds, fold] });
  }
}

const sourceOf = ({ file, key }: StoredTensor, folds: readonly TensorFold[] = []): FoldedSource => ({
  file,
  name: key,
  folds,
});

/** Whether an adapter brought a head to a model without one whose config does not say that it has one of its own. */
function hasNewHead(
  base: ReadonlyMap<string, FoldedSource>,
  sources: ReadonlyMap<string, FoldedSource>,
  config: ModelConfig,
): boolean {
  const head = [...sources.keys()].find(
    (name) => !base.has(name) && name.endsWith('.weight') && isOutputLayer(name.slice(0, -'.weight'.length)),
  );
  return (
    head !== undefined && (tiesEmbeddings(config) === true || config['tie_word_embeddings'] === undefined)
  );
}

/** Whether embeddings and head are two weights now. What no adapter touched is left as it is. */
async function differ(
  sources: ReadonlyMap<string, FoldedSource>,
  base: ReadonlyMap<string, FoldedSource>,
  { embeddings, head }: TiedEmbeddings,
  options: OpenFileOptions,
): Promise<boolean> {
  const [x, y] = [sources.get(embeddings), sources.get(head)];
  if (x === undefined || y === undefined) return false;
  const before = base.get(embeddings);
  if (x === before && y === (base.get(head) ?? before)) return false;
  return !sameFolds(x.folds, y.folds) || !(await sameTensor(x, y, options));
}

function sameFolds(x: readonly TensorFold[], y: readonly TensorFold[]): boolean {
  const same = (a: Float32Array, b: Float32Array): boolean =>
    a.length === b.length && a.every((value, index) => value === b[index]);
  const equal = (fold: TensorFold, other: TensorFold): boolean =>
    fold === other ||
    ('a' in fold &&
      'a' in other &&
      fold.scale === other.scale &&
      same(fold.a, other.a) &&
      same(fold.b, other.b));
  return (
    x.length === y.length &&
    x.every((fold, index) => {
      const other = y[index];
      return other !== undefined && equal(fold, other);
    })
  );
}

async function sameTensor(x: FoldedSource, y: FoldedSource, options: OpenFileOptions): Promise<boolean> {
  if (x.file === y.file && x.name === y.name) return true;
  const stored = ({ file, name }: FoldedSource): ReturnType<SafetensorsFile['tensors']['get']> =>
    file.tensors.get(name);
  if (stored(x)?.dtype !== stored(y)?.dtype || stored(x)?.shape.join() !== stored(y)?.shape.join())
    return false;
  const [first, second] = [
    await x.file.read(x.name, 'raw', options),
    await y.file.read(y.name, 'raw', options),
  ];
  return Buffer.compare(first, second) === 0;
}
