import { basename } from 'node:path';

import { corruptData, limitExceeded, notFound, toAppError, isErrno } from '@eigenloom/errors';

import { withFile } from './with-file.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Larger than any config, index or tokenizer seen (Qwen's tokenizer.json: 12 MB), small enough to hold. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/** Reads a JSON object. Errors: `FILE_NOT_FOUND`, `CORRUPT_JSON`, `FILE_TOO_LARGE`, each naming the base name. */
export async function readJsonFile(path: string): Promise<JsonObject> {
  const file = basename(path);
  const text = await readText(path, file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw corruptData('CORRUPT_JSON', `${file}: not JSON`, { cause, details: { file } });
  }
  if (!isObject(value)) {
    throw corruptData('CORRUPT_JSON', `${file}: not a JSON object`, { details: { file } });
  }
  return value;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function readText(path: string, file: string): Promise<string> {
  try {
    return await withFile(path, 'r', async (handle) => {
      const { size } = await handle.stat();
      if (size > MAX_JSON_BYTES)
        throw limitExceeded('FILE_TOO_LARGE', `${file}: ${size} bytes of JSON`, { retryable: false });
      return handle.readFile('utf8');
    });
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw toAppError(error);
    throw notFound('FILE_NOT_FOUND', `${file}: does not exist`, { cause: error });
  }
}

/** JSON with sorted keys and an indent of two, as Python's `json.dumps(sort_keys=True, indent=2)`, with a final newline. */
export function sortedJson(value: unknown): string {
  return `${JSON.stringify(sorted(value), undefined, 2)}\n`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}
