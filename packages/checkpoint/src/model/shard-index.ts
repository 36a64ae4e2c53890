import { corruptData } from '@eigenloom/errors';

import { isObject, readJsonFile } from '../json-file.js';
import { INDEX_FILE } from './weight-names.js';

/** Which shard holds which tensor. */
export type WeightMap = ReadonlyMap<string, string>;

/** Reads `model.safetensors.index.json`. Errors: `CORRUPT_SHARD_INDEX`, `CORRUPT_JSON`. */
export async function readShardIndex(path: string): Promise<WeightMap> {
  const index = await readJsonFile(path);
  const map = index['weight_map'];
  if (!isObject(map)) throw corruptIndex('weight_map is not an object');
  const entries = Object.entries(map).map(([tensor, shard]): [string, string] => {
    if (typeof shard !== 'string')
      throw corruptIndex(`weight_map[${JSON.stringify(tensor)}] is not a string`);
    if (tensor === '__proto__') throw corruptIndex('a tensor named "__proto__"');
    return [tensor, shard];
  });
  return new Map(entries);
}

export function corruptIndex(why: string): Error {
  return corruptData('CORRUPT_SHARD_INDEX', `${INDEX_FILE}: ${why}`, { details: { file: INDEX_FILE } });
}
