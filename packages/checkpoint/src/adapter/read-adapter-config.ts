import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { AppError, invalidInput, isErrno, notFound } from '@eigenloom/errors';

import { exists } from '../exists.js';
import { type JsonObject, readJsonFile } from '../json-file.js';
import { insideFolder } from '../model/inside-folder.js';
import { INDEX_FILE, SINGLE_FILE } from '../model/weight-names.js';
import { CONFIG_FILE, WEIGHTS_FILE } from './adapter.js';

/** Reads `adapter_config.json`. Errors: `FILE_NOT_FOUND`, which says what the folder holds instead; `NOT_AN_ADAPTER`, `CORRUPT_JSON`. */
export async function readAdapterConfig(directory: string): Promise<JsonObject> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (!isErrno(error, 'ENOTDIR')) throw error;
    throw invalidInput('NOT_AN_ADAPTER', 'the adapter', 'is a file; name the folder that it is in');
  });
  try {
    return await readJsonFile(await insideFolder(directory, CONFIG_FILE));
  } catch (error) {
    if (!(error instanceof AppError) || error.reason !== 'FILE_NOT_FOUND') throw error;
    const hint = await hintOf(directory, names);
    throw notFound('FILE_NOT_FOUND', `${error.message}${hint}`, { cause: error });
  }
}

async function hintOf(directory: string, names: readonly string[]): Promise<string> {
  if (names.length === 0) return '; the folder is empty';
  const weights = names.find((name) => name === SINGLE_FILE || name === INDEX_FILE);
  if (weights !== undefined) return `; the folder holds a model (${weights}) instead of an adapter`;
  if (names.includes(WEIGHTS_FILE)) return `; the folder has ${WEIGHTS_FILE} without its config`;
  for (const name of [...names].sort()) {
    // PEFT writes adapters that have names into folders of their own.
    if (await exists(join(directory, name, CONFIG_FILE)))
      return `; its folder ${name} has one: name that folder`;
  }
  return '; the folder holds no adapter';
}
