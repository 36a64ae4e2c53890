import { incompatible } from '@eigenloom/errors';
import type { SafetensorsFile } from '@eigenloom/numeric';

import { closest } from '../closest.js';
import type { TensorFold, TensorInfo } from '../model/model.js';
import type { ModelConfig } from '../model/model-config.js';
import type { PeftSettings } from './adapter.js';
import { checkPromises } from './check-promises.js';
import { findTensor } from './find-tensor.js';
import type { OpenedInFull } from './open-peft.js';
import { doesNotFit, orientPair } from './orient-pair.js';
import type { LoadedAdapter } from './read-adapter.js';
import { isNamed, isPromised } from './target-rules.js';

/** A tensor of an adapter's file. */
export interface StoredTensor {
  readonly file: SafetensorsFile;
  readonly key: string;
}

/** What an adapter does to the tensors of a model, by their names there. */
export interface AdapterFold {
  /** Values that the weights of the base have under all folds. */
  readonly own: ReadonlyMap<string, StoredTensor>;
  readonly folds: ReadonlyMap<string, TensorFold>;
  /** Copies that were trained in full: what is tied to them is not changed. */
  readonly copied: ReadonlyMap<string, StoredTensor>;
  /** Weights that were trained in full, not as a copy: a bias, embeddings of another vocabulary. */
  readonly written: ReadonlyMap<string, StoredTensor>;
}

/** What an adapter is folded into. */
export interface FoldTarget {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly config: ModelConfig;
}

/** Where a module of an adapter is in a model. */
export interface ModulePlace {
  /** Path of the module in the model. */
  readonly path: string;
  /** Its weight. */
  readonly tensor: TensorInfo;
  readonly target: FoldTarget;
}

/** What an adapter of any kind is for a fold. */
export interface AdapterToFold {
  readonly settings: PeftSettings;
  readonly file: SafetensorsFile;
  readonly opened: OpenedInFull;
  /** What is done to the tensors of each module, by its path in the adapter: pairs of a tensor's name in the model and its fold. */
  readonly modules: ReadonlyMap<string, (place: ModulePlace) => Iterable<readonly [string, TensorFold]>>;
}

/**
 * Works out how a LoRA adapter changes a model. Errors: those of `prepareFold`; `ADAPTER_NEEDS_CONVERSION` (made for a base that its
 * initialisation changes, such as PiSSA's).
 */
export function prepareLoraFold(adapter: LoadedAdapter, target: FoldTarget): AdapterFold {
  const { settings, file, opened } = adapter;
  const init = settings.initLoraWeights;
  if (typeof init === 'string' && changesBase(init)) {
    throw incompatible('ADAPTER_NEEDS_CONVERSION', needsConversion(init));
  }
  const { config } = target;
  const modules: AdapterToFold['modules'] = new Map(
    [...adapter.modules].map(([module, pair]) => [
      module,
      ({ path, tensor }) => [[tensor.name, orientPair(module, pair, { path, tensor, config, settings })]],
    ]),
  );
  return prepareFold({ settings, file, opened, modules }, target);
}

/**
 * Works out how an adapter changes a model. Errors: `ADAPTER_DOES_NOT_FIT` (a module or tensor that the model lacks, or another shape),
 * `ADAPTER_INCOMPLETE`.
 */
export function prepareFold(adapter: AdapterToFold, target: FoldTarget): AdapterFold {
  const { settings, file, opened } = adapter;
  const { tensors } = target;
  const own = new Map<string, StoredTensor>();
  for (const [name, { key, shape }] of opened.ownTensors) {
    own.set(placeOf(name, shape, tensors, false), { file, key });
  }
  const folds = new Map<string, TensorFold>();
  for (const [module, foldsOf] of adapter.modules) {
    const tensor = findTensor(`${module}.weight`, tensors);
    if (tensor === undefined) throw noSuchModule(module, tensors);
    const path = tensor.name.slice(0, -'.weight'.length);
    for (const [name, fold] of foldsOf({ path, tensor, target })) folds.set(name, fold);
  }
  const copied = new Map<string, StoredTensor>();
  const written = new Map<string, StoredTensor>();
  for (const [name, { key, shape, wrapped }] of opened.savedTensors) {
    const module = name.slice(0, Math.max(0, name.lastIndexOf('.')));
    const place = placeOf(name, shape, tensors, wrapped || isPromised(module, settings));
    if (folds.has(place)) throw doesNotFit(name, 'is trained in full and has a pair as well');
    (wrapped || isNamed(module, settings.modulesToSave) ? copied : written).set(place, { file, key });
  }
  const saved = new Set([...copied.keys(), ...written.keys()]);
  checkPromises(settings, tensors, {
    pairs: new Set(folds.keys()),
    saved,
    pathOf: pathsIn(adapter, tensors),
  });
  return { own, folds, copied, written };
}

/** What to do with an adapter that fits a decomposed base only. */
export const needsConversion = (init: string): string =>
  `it fits a base decomposed by ${JSON.stringify(init)} only; save it with PEFT's path_initial_model_for_weight_conversion, ` +
  'which makes it plain LoRA';

/** PEFT's initialisations that subtract something from the base's weights. */
export const changesBase = (init: string): boolean => /^(pissa|olora|corda|lora_ga|loftq)/.test(init);

/** The tensor of the model that one of the adapter stands for, or its own name where a new one is allowed. */
function placeOf(
  name: string,
  shape: readonly number[],
  tensors: ReadonlyMap<string, TensorInfo>,
  mayBeNew: boolean,
): string {
  const tensor = findTensor(name, tensors);
  if (tensor === undefined) {
    if (mayBeNew) return name;
    throw doesNotFit(
      name,
      `the model has no such tensor${near(name, tensors.keys())}; a new module must stand in modules_to_save`,
    );
  }
  if (tensor.shape.join() === shape.join()) return tensor.name;
  const shapes = `its shape is [${shape.join(', ')}], that of the model's ${tensor.name} is [${tensor.shape.join(', ')}]`;
  throw doesNotFit(name, `${shapes}; ${adviceFor(shape, tensor.shape)}`);
}

/** Embeddings and heads have a row for each token; those of the two models may differ where the vocabulary was resized. */
function adviceFor([rows, ...width]: readonly number[], [own, ...ownWidth]: readonly number[]): string {
  return width.length === 1 && width.join() === ownWidth.join()
    ? `the adapter was trained on a model with ${rows} rows there, not ${own}: where its vocabulary was resized, resize the model's ` +
        `first (transformers: model.resize_token_embeddings(${rows}), then save it)`
    : 'the adapter was made for another model';
}

function noSuchModule(module: string, tensors: ReadonlyMap<string, TensorInfo>): Error {
  const stack = findTensor(module, tensors);
  if (stack !== undefined) {
    const what = stack.shape.length === 3 ? 'a stack of experts' : 'a parameter';
    return doesNotFit(module, `is ${what} of shape [${stack.shape.join(', ')}] in the model, not a module`);
  }
  const modules = [...tensors.keys()].flatMap((name) =>
    name.endsWith('.weight') ? [name.slice(0, -7)] : [],
  );
  return doesNotFit(module, `the model has no such module${near(module, modules)}`);
}

function near(name: string, known: Iterable<string>): string {
  const found = closest(name, known).map((each) => JSON.stringify(each));
  return found.length === 0 ? '' : `; did you mean ${found.join(' or ')}?`;
}

/** Paths in the adapter's model of modules here, which may have one component more or less: seen from the first pair. */
function pathsIn(
  { modules }: Pick<AdapterToFold, 'modules'>,
  tensors: ReadonlyMap<string, TensorInfo>,
): (module: string) => string {
  for (const module of modules.keys()) {
    const path = findTensor(`${module}.weight`, tensors)?.name.slice(0, -'.weight'.length);
    if (path === undefined || path === module) continue;
    if (module.endsWith(`.${path}`)) {
      const more = module.slice(0, -path.length);
      return (name) => more + name;
    }
    const less = path.slice(0, -module.length);
    return (name) => (name.startsWith(less) ? name.slice(less.length) : name);
  }
  return (name) => name;
}
