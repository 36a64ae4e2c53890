import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { AppError, invalidInput, notFound } from '@eigenloom/errors';
import { type OpenFileOptions, SafetensorsFile } from '@eigenloom/numeric';

import { exists } from '../exists.js';
import { insideFolder } from './inside-folder.js';
import { noWeights } from './no-weights.js';
import { refuseOtherFormats } from './pickle.js';
import { corruptIndex, readShardIndex } from './shard-index.js';
import { INDEX_FILE, SINGLE_FILE } from './weight-names.js';

export interface WeightFiles {
  readonly directory: string;
  /** By file name, in order of name. */
  readonly files: ReadonlyMap<string, SafetensorsFile>;
  /** The file of each tensor, in order of file, then of the data. */
  readonly holders: ReadonlyMap<string, SafetensorsFile>;
  /** What else lies there and is not read, and why. */
  readonly notes?: readonly string[];
}

/**
 * Opens the weights of a folder in Hugging Face layout (one `model.safetensors`, or shards with an index) or of one safetensors file.
 * Where a folder has both, the single file is read, as transformers does. Errors: `FILE_NOT_FOUND`, `NO_WEIGHTS`, `NOT_A_MODEL`,
 * `PICKLE_REFUSED`, `CORRUPT_SAFETENSORS`, `CORRUPT_SHARD_INDEX`, `UNSAFE_FILE_NAME`.
 */
export async function openWeightFiles(path: string, options: OpenFileOptions = {}): Promise<WeightFiles> {
  const kind = await kindOf(path);
  if (kind === 'file') return openNamed(dirname(path), [basename(path)], options);
  const [single, index] = [await exists(join(path, SINGLE_FILE)), await exists(join(path, INDEX_FILE))];
  if (single && !(index && (await isPartOfIndex(path)))) {
    const weights = await openNamed(path, [SINGLE_FILE], options);
    const why = `${INDEX_FILE} and its shards are not read, because ${SINGLE_FILE} is there`;
    return index ? { ...weights, notes: [why] } : weights;
  }
  if (index) return openSharded(path, options);
  throw await noWeights(path, await readdir(path));
}

/** Whether the single file is one of the index's shards: then the two are one set of weights. */
async function isPartOfIndex(folder: string): Promise<boolean> {
  const map = await readShardIndex(await insideFolder(folder, INDEX_FILE)).catch((error: unknown) => {
    // transformers does not look at an index beside a single file, so a broken one is no reason to refuse the model.
    if (error instanceof AppError) return new Map<string, string>();
    throw error;
  });
  return [...map.values()].includes(SINGLE_FILE);
}

async function openNamed(
  directory: string,
  names: readonly string[],
  options: OpenFileOptions,
): Promise<WeightFiles> {
  const files = new Map<string, SafetensorsFile>();
  const holders = new Map<string, SafetensorsFile>();
  for (const name of [...names].sort()) {
    const file = await openChecked(await insideFolder(directory, name), options);
    files.set(name, file);
    for (const tensor of file.tensors.keys()) {
      if (holders.has(tensor)) throw corruptIndex(`tensor ${JSON.stringify(tensor)} is in two shards`);
      holders.set(tensor, file);
    }
  }
  return { directory, files, holders };
}

async function openSharded(directory: string, options: OpenFileOptions): Promise<WeightFiles> {
  const map = await readShardIndex(await insideFolder(directory, INDEX_FILE));
  const weights = await openNamed(directory, [...new Set(map.values())], options);
  for (const [tensor, shard] of map) {
    if (weights.files.get(shard)?.tensors.has(tensor) !== true) {
      throw corruptIndex(`${shard} has no tensor ${JSON.stringify(tensor)}`);
    }
  }
  for (const tensor of weights.holders.keys()) {
    if (!map.has(tensor))
      throw corruptIndex(`tensor ${JSON.stringify(tensor)} is in a shard and not in the index`);
  }
  return weights;
}

async function openChecked(path: string, options: OpenFileOptions): Promise<SafetensorsFile> {
  await refuseOtherFormats(path);
  return SafetensorsFile.open(path, options);
}

async function kindOf(path: string): Promise<'file' | 'folder'> {
  let found;
  try {
    found = await stat(path);
  } catch (cause) {
    throw notFound('FILE_NOT_FOUND', `${basename(path)}: does not exist`, { cause });
  }
  if (found.isDirectory()) return 'folder';
  if (found.isFile()) return 'file';
  throw invalidInput('NOT_A_MODEL', basename(path), 'is neither a file nor a folder');
}
