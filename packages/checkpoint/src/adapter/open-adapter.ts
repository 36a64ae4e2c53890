import { join } from 'node:path';

import { type OpenFileOptions, SafetensorsFile } from '@eigenloom/numeric';

import { exists } from '../exists.js';
import { insideFolder } from '../model/inside-folder.js';
import { pickleRefused, refuseOtherFormats } from '../model/pickle.js';
import {
  type AdapterModuleInfo,
  type AdapterModuleKind,
  type AdapterSettings,
  CONFIG_FILE,
  WEIGHTS_FILE,
  scalingOf,
} from './adapter.js';
import { parseSettings, patternValue } from './adapter-config.js';
import { type OpenedSavedTensor, corrupt, readKeys } from './read-keys.js';
import { readAdapterConfig } from './read-adapter-config.js';

/** A pair that has not been read, with the keys of its factors in the file. */
export interface OpenedModule extends AdapterModuleInfo {
  readonly aKey: string;
  readonly bKey: string;
}

/** An adapter of which only the config and the header of the weights have been read. */
export interface OpenedAdapter {
  readonly settings: AdapterSettings;
  readonly directory: string;
  readonly file: SafetensorsFile;
  /** By module path in the base, in order of path. */
  readonly modules: ReadonlyMap<string, OpenedModule>;
  /** By tensor name in the base. */
  readonly savedTensors: ReadonlyMap<string, OpenedSavedTensor>;
  /** The base's own tensors, as `save_embedding_layers` keeps them, by their names there. */
  readonly ownTensors: ReadonlyMap<string, OpenedSavedTensor>;
}

/**
 * Opens a PEFT LoRA adapter: `adapter_config.json` and `adapter_model.safetensors` of a folder.
 * Errors: `FILE_NOT_FOUND`, `PICKLE_REFUSED`, `CORRUPT_ADAPTER`, `UNSUPPORTED_ADAPTER`, those of the files.
 */
export async function openAdapter(directory: string, options: OpenFileOptions = {}): Promise<OpenedAdapter> {
  const settings = parseSettings(await readAdapterConfig(directory));
  const file = await openAdapterWeights(directory, options);
  const { factors, savedTensors, ownTensors } = readKeys(file);
  const sides = new Map<string, Sides>();
  for (const factor of factors) {
    const { key, shape, module } = factor;
    if (factor.part === 'poly')
      throw corrupt(`${JSON.stringify(key)} belongs to an adapter of the kind POLY`);
    const found = sides.get(module) ?? { kind: factor.kind };
    if (found.kind !== factor.kind) {
      throw corrupt(`module ${JSON.stringify(module)} has a pair of a linear module and one of an embedding`);
    }
    sides.set(module, { ...found, [factor.side]: { key, shape, wrapped: false } });
  }
  const modules = new Map([...sides].map(([name, s]) => [name, moduleOf(name, s, settings)]));
  const [trained, own] = splitOwn(ownTensors, savedTensors, settings);
  return { settings, modules, savedTensors: trained, ownTensors: own, directory, file };
}

/** A bias under a pair is trained where the config says that biases are; every other tensor there is the base's. */
function splitOwn(
  ownTensors: ReadonlyMap<string, OpenedSavedTensor>,
  savedTensors: ReadonlyMap<string, OpenedSavedTensor>,
  { bias }: AdapterSettings,
): [trained: ReadonlyMap<string, OpenedSavedTensor>, own: ReadonlyMap<string, OpenedSavedTensor>] {
  const isTrained = (name: string): boolean => bias !== 'none' && name.endsWith('.bias');
  const trained = [...ownTensors].filter(([name]) => isTrained(name));
  return [
    new Map([...savedTensors, ...trained].sort(([x], [y]) => (x < y ? -1 : 1))),
    new Map([...ownTensors].filter(([name]) => !isTrained(name))),
  ];
}

/** The weights of an adapter of any kind. Errors: `FILE_NOT_FOUND`, `PICKLE_REFUSED`, `CORRUPT_SAFETENSORS`. */
export async function openAdapterWeights(
  directory: string,
  options: OpenFileOptions = {},
): Promise<SafetensorsFile> {
  const path = await weightsPath(directory);
  await refuseOtherFormats(path);
  return SafetensorsFile.open(path, options);
}

async function weightsPath(directory: string): Promise<string> {
  try {
    return await insideFolder(directory, WEIGHTS_FILE);
  } catch (error) {
    const pickle = join(directory, 'adapter_model.bin');
    throw (await exists(pickle)) ? pickleRefused('adapter_model.bin') : error;
  }
}

interface Sides {
  readonly kind: AdapterModuleKind;
  readonly a?: OpenedSavedTensor;
  readonly b?: OpenedSavedTensor;
}

function moduleOf(name: string, { kind, a, b }: Sides, settings: AdapterSettings): OpenedModule {
  if (a === undefined || b === undefined) {
    const [there, missing] = a === undefined ? ['B', 'A'] : ['A', 'B'];
    throw corrupt(`module ${JSON.stringify(name)} has a lora_${there} and no lora_${missing}`);
  }
  const rank = a.shape[0] ?? 0;
  const declared = patternValue(settings.rankPattern, name, settings.rank);
  const alpha = patternValue(settings.alphaPattern, name, settings.alpha);
  const shapes = `A is [${a.shape.join(', ')}], B is [${b.shape.join(', ')}]`;
  if ([...a.shape, ...b.shape].includes(0)) {
    throw corrupt(
      `module ${JSON.stringify(name)} is empty: ${shapes}; save the adapter again with the shards of DeepSpeed ZeRO-3 or FSDP gathered`,
    );
  }
  if (rank !== declared || b.shape[1] !== rank || a.shape.length < 2) {
    throw corrupt(`module ${JSON.stringify(name)}: ${shapes}; ${CONFIG_FILE} says rank ${declared}`);
  }
  const scaling = scalingOf(alpha, rank, settings.rankStabilized);
  return { kind, aKey: a.key, aShape: a.shape, bKey: b.key, bShape: b.shape, rank, alpha, scaling };
}
