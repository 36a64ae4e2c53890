import type { OpenFileOptions, SafetensorsFile } from '@eigenloom/numeric';

import { CONFIG_FILE } from './adapter.js';
import { type PolySettings, parsePolySettings } from './adapter-config.js';
import { openAdapterWeights } from './open-peft.js';
import { POLY_FORMAT } from './peft-format.js';
import { readAdapterConfig } from './read-adapter-config.js';
import { type OpenedFactor, type OpenedSavedTensor, corrupt, readKeys } from './read-keys.js';

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
  const { factors, savedTensors } = readKeys(file);
  const sides = new Map<string, Map<string, OpenedFactor>>();
  for (const factor of factors) {
    const { name, module, key } = factor;
    if (module === null || !Object.hasOwn(POLY_FORMAT.parts, name))
      throw corrupt(`${JSON.stringify(key)} belongs to an adapter of the kind LORA`);
    const found = sides.get(module) ?? new Map<string, OpenedFactor>();
    sides.set(module, found.set(name, factor));
  }
  const modules = new Map(
    [...sides].map(([path, found]) => [
      path,
      moduleOf(path, found.get('poly_lora_A'), found.get('poly_lora_B'), settings),
    ]),
  );
  return { settings, directory, file, modules, savedTensors };
}

function moduleOf(
  path: string,
  a: OpenedFactor | undefined,
  b: OpenedFactor | undefined,
  { rank, skills, splits }: PolySettings,
): PolyModule {
  if (a === undefined || b === undefined) {
    throw corrupt(`module ${JSON.stringify(path)} has no poly_lora_${a === undefined ? 'A' : 'B'}`);
  }
  const [width = 0, height = 0] = [a.shape[2], b.shape[3]];
  if (
    a.shape.join() !== [splits, skills, width, rank].join() ||
    b.shape.join() !== [splits, skills, rank, height].join()
  ) {
    throw corrupt(
      `module ${JSON.stringify(path)}: A is [${a.shape.join(', ')}], B is [${b.shape.join(', ')}]; ${CONFIG_FILE} says ${splits} splits, ${skills} skills, rank ${rank}`,
    );
  }
  return { aKey: a.key, bKey: b.key, rows: splits * height, columns: splits * width };
}
