import { join } from 'node:path';

import { corruptData, incompatible } from '@eigenloom/errors';
import { type OpenFileOptions, SafetensorsFile } from '@eigenloom/numeric';

import { exists } from '../exists.js';
import { insideFolder } from '../model/inside-folder.js';
import { pickleRefused, refuseOtherFormats } from '../model/pickle.js';
import {
  type AdapterModuleInfo,
  type AdapterModuleKind,
  type AdapterSettings,
  WEIGHTS_FILE,
  scalingOf,
} from './adapter.js';
import { parseSettings, patternValue } from './adapter-config.js';
import { parseKey } from './adapter-keys.js';
import { readAdapterConfig } from './read-adapter-config.js';

/** A pair that has not been read, with the keys of its factors in the file. */
export interface OpenedModule extends AdapterModuleInfo {
  readonly aKey: string;
  readonly bKey: string;
}

/** A tensor in full that has not been read. */
export interface OpenedSavedTensor {
  readonly key: string;
  readonly shape: readonly number[];
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
}

/**
 * Opens a PEFT LoRA adapter: `adapter_config.json` and `adapter_model.safetensors` of a folder.
 * Errors: `FILE_NOT_FOUND`, `PICKLE_REFUSED`, `CORRUPT_ADAPTER`, `UNSUPPORTED_ADAPTER`, those of the files.
 */
export async function openAdapter(directory: string, options: OpenFileOptions = {}): Promise<OpenedAdapter> {
  const settings = parseSettings(await readAdapterConfig(directory));
  const file = await openAdapterWeights(directory, options);
  const sides = new Map<string, Sides>();
  const savedTensors = new Map<string, OpenedSavedTensor>();
  for (const [key, { shape }] of [...file.tensors].sort(([x], [y]) => (x < y ? -1 : 1))) {
    const parsed = parseKey(key);
    if (parsed.part === 'unknown') {
      throw incompatible(
        'UNSUPPORTED_ADAPTER',
        `${WEIGHTS_FILE}: no meaning is known for ${JSON.stringify(key)}`,
      );
    }
    if (parsed.part === 'saved') {
      savedTensors.set(parsed.tensor, { key, shape });
    } else {
      const found = sides.get(parsed.module) ?? { kind: parsed.kind };
      sides.set(parsed.module, { ...found, [parsed.side]: { key, shape } });
    }
  }
  const modules = new Map([...sides].map(([name, s]) => [name, moduleOf(name, s, settings)]));
  return { settings, modules, savedTensors, directory, file };
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
    throw corruptAdapter(`module ${JSON.stringify(name)} has no lora_${a === undefined ? 'A' : 'B'}`);
  }
  const rank = a.shape[0] ?? 0;
  const declared = patternValue(settings.rankPattern, name, settings.rank);
  const alpha = patternValue(settings.alphaPattern, name, settings.alpha);
  if (rank !== declared || b.shape[1] !== rank || a.shape.length < 2) {
    throw corruptAdapter(
      `module ${JSON.stringify(name)}: A is [${a.shape.join(', ')}], B is [${b.shape.join(', ')}], the config says rank ${declared}`,
    );
  }
  const scaling = scalingOf(alpha, rank, settings.rankStabilized);
  return { kind, aKey: a.key, aShape: a.shape, bKey: b.key, bShape: b.shape, rank, alpha, scaling };
}

const corruptAdapter = (why: string): Error =>
  corruptData('CORRUPT_ADAPTER', `${WEIGHTS_FILE}: ${why}`, { details: { file: WEIGHTS_FILE } });
