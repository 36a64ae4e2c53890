import { corruptData } from '@eigenloom/errors';
import type { OpenFileOptions, SafetensorsFile } from '@eigenloom/numeric';

import { WEIGHTS_FILE } from './adapter.js';
import { type PolySettings, parsePolySettings } from './adapter-config.js';
import { KEY_PREFIX } from './adapter-keys.js';
import { type OpenedSavedTensor, openAdapterWeights } from './open-adapter.js';
import { readAdapterConfig } from './read-adapter-config.js';

const KEY = /^(.*)\.(poly_lora_A|poly_lora_B|poly_router\.module_logits)$/;

/** The inventory of one module: A (splits, skills, in/splits, rank) and B (splits, skills, rank, out/splits), not yet read. */
export interface PolyModule {
  readonly aKey: string;
  readonly bKey: string;
  readonly rows: number;
  readonly columns: number;
}

/** A Polytropon adapter of which only the config and the header have been read. What it adds is scaled by 1 / rank. */
export interface OpenedPoly {
  readonly settings: PolySettings;
  readonly directory: string;
  readonly file: SafetensorsFile;
  /** By module path in the base, in order of path. */
  readonly modules: ReadonlyMap<string, PolyModule>;
  /** By tensor name in the base. */
  readonly savedTensors: ReadonlyMap<string, OpenedSavedTensor>;
}

/**
 * Opens an adapter of PEFT's kind POLY; undefined where the folder holds another kind. Ponti et al. 2022, arXiv:2202.13914; heads: Caccia
 * et al. 2023, arXiv:2211.03831. Errors: `FILE_NOT_FOUND`, `PICKLE_REFUSED`, `CORRUPT_ADAPTER`, those of the files.
 */
export async function openPoly(
  directory: string,
  options: OpenFileOptions = {},
): Promise<OpenedPoly | undefined> {
  const settings = parsePolySettings(await readAdapterConfig(directory));
  if (settings === undefined) return undefined;
  const file = await openAdapterWeights(directory, options);
  const modules = new Map<string, PolyModule>();
  const savedTensors = new Map<string, OpenedSavedTensor>();
  for (const key of [...file.tensors.keys()].sort()) {
    if (!key.startsWith(KEY_PREFIX)) throw corrupt(`no meaning is known for ${JSON.stringify(key)}`);
    const rest = key.slice(KEY_PREFIX.length);
    const [, path, part] = KEY.exec(rest) ?? [];
    if (path === undefined) savedTensors.set(rest, { key, shape: shapeOf(file, key) });
    else if (part === 'poly_lora_A') modules.set(path, moduleOf(path, file, settings));
  }
  return { settings, directory, file, modules, savedTensors };
}

const shapeOf = (file: SafetensorsFile, key: string): readonly number[] => file.tensors.get(key)?.shape ?? [];

function moduleOf(path: string, file: SafetensorsFile, { rank, skills, splits }: PolySettings): PolyModule {
  const [aKey, bKey] = ['A', 'B'].map((side) => `${KEY_PREFIX}${path}.poly_lora_${side}`) as [string, string];
  const [a, b] = [shapeOf(file, aKey), shapeOf(file, bKey)];
  const [width = 0, height = 0] = [a[2], b[3]];
  if (
    a.join() !== [splits, skills, width, rank].join() ||
    b.join() !== [splits, skills, rank, height].join()
  ) {
    throw corrupt(
      `module ${JSON.stringify(path)}: A is [${a.join(', ')}], B is [${b.join(', ')}]; the config says ${splits} splits, ${skills} skills, rank ${rank}`,
    );
  }
  return { aKey, bKey, rows: splits * height, columns: splits * width };
}

const corrupt = (why: string): Error =>
  corruptData('CORRUPT_ADAPTER', `${WEIGHTS_FILE}: ${why}`, { details: { file: WEIGHTS_FILE } });
