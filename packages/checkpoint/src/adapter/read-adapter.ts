import { join } from 'node:path';

import { corruptData, incompatible } from '@eigenloom/errors';
import { type OpenFileOptions, SafetensorsFile } from '@eigenloom/numeric';

import { exists } from '../exists.js';
import { readJsonFile } from '../json-file.js';
import { insideFolder } from '../model/inside-folder.js';
import { pickleRefused, refusePickle } from '../model/pickle.js';
import {
  type Adapter,
  type AdapterModule,
  type AdapterModuleKind,
  type AdapterSettings,
  CONFIG_FILE,
  type SavedTensor,
  WEIGHTS_FILE,
  scalingOf,
} from './adapter.js';
import { parseSettings, patternValue } from './adapter-config.js';
import { parseKey } from './adapter-keys.js';

/** An adapter with the file that it came from. */
export interface LoadedAdapter extends Adapter {
  readonly directory: string;
  readonly file: SafetensorsFile;
  /** Key in the file by tensor of `savedTensors`. */
  readonly savedKeys: ReadonlyMap<string, string>;
}

/**
 * Reads a PEFT LoRA adapter: `adapter_config.json` and `adapter_model.safetensors` of a folder.
 * Errors: `FILE_NOT_FOUND`, `PICKLE_REFUSED`, `CORRUPT_ADAPTER`, `UNSUPPORTED_ADAPTER`, those of the files.
 */
export async function readAdapter(directory: string, options: OpenFileOptions = {}): Promise<LoadedAdapter> {
  const settings = parseSettings(await readJsonFile(await insideFolder(directory, CONFIG_FILE)));
  const path = await weightsPath(directory);
  await refusePickle(path);
  const file = await SafetensorsFile.open(path, options);
  const sides = new Map<string, Sides>();
  const savedTensors = new Map<string, SavedTensor>();
  const savedKeys = new Map<string, string>();
  for (const [key, { shape }] of [...file.tensors].sort(([x], [y]) => (x < y ? -1 : 1))) {
    const parsed = parseKey(key);
    if (parsed.part === 'unknown') {
      throw incompatible(
        'UNSUPPORTED_ADAPTER',
        `${WEIGHTS_FILE}: no meaning is known for ${JSON.stringify(key)}`,
      );
    }
    const data = await file.read(key, 'f32', options);
    if (parsed.part === 'saved') {
      savedTensors.set(parsed.tensor, { shape, data });
      savedKeys.set(parsed.tensor, key);
    } else {
      const found = sides.get(parsed.module) ?? { kind: parsed.kind };
      sides.set(parsed.module, { ...found, [parsed.side]: { shape, data } });
    }
  }
  const modules = new Map([...sides].map(([name, s]) => [name, moduleOf(name, s, settings)]));
  return { settings, modules, savedTensors, savedKeys, directory, file };
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
  readonly a?: SavedTensor;
  readonly b?: SavedTensor;
}

function moduleOf(name: string, { kind, a, b }: Sides, settings: AdapterSettings): AdapterModule {
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
  return { kind, a: a.data, aShape: a.shape, b: b.data, bShape: b.shape, rank, alpha, scaling };
}

const corruptAdapter = (why: string): Error =>
  corruptData('CORRUPT_ADAPTER', `${WEIGHTS_FILE}: ${why}`, { details: { file: WEIGHTS_FILE } });
