import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { invalidInput, notFound } from '@eigenloom/errors';
import { type OpenFileOptions, SafetensorsFile } from '@eigenloom/numeric';

import { exists } from '../exists.js';
import { insideFolder } from './inside-folder.js';
import { pickleRefused, refusePickle } from './pickle.js';
import { INDEX_FILE, corruptIndex, readShardIndex } from './shard-index.js';

export interface WeightFiles {
  readonly directory: string;
  /** By file name, in order of name. */
  readonly files: ReadonlyMap<string, SafetensorsFile>;
  /** The file of each tensor, in order of file, then of the data. */
  readonly holders: ReadonlyMap<string, SafetensorsFile>;
}

export const SINGLE_FILE = 'model.safetensors';
/** Names under which PyTorch's pickles come; only to say what is wrong. */
const PICKLES = ['pytorch_model.bin', 'pytorch_model.bin.index.json', 'model.pt', 'model.pth', 'model.bin'];

/**
 * Opens the weights of a folder in Hugging Face layout (sharded with an index, or one `model.safetensors`) or of one
 * safetensors file. Errors: `FILE_NOT_FOUND`, `NO_WEIGHTS`, `PICKLE_REFUSED`, `CORRUPT_SAFETENSORS`, `CORRUPT_SHARD_INDEX`,
 * `UNSAFE_FILE_NAME`.
 */
export async function openWeightFiles(path: string, options: OpenFileOptions = {}): Promise<WeightFiles> {
  const kind = await kindOf(path);
  if (kind === 'file') return openNamed(dirname(path), [basename(path)], options);
  if (await exists(join(path, INDEX_FILE))) return openSharded(path, options);
  if (await exists(join(path, SINGLE_FILE))) return openNamed(path, [SINGLE_FILE], options);
  for (const name of PICKLES) {
    if (await exists(join(path, name))) throw pickleRefused(name);
  }
  throw notFound('NO_WEIGHTS', `the folder has neither ${SINGLE_FILE} nor ${INDEX_FILE}`);
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
  await refusePickle(path);
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
