import { basename } from 'node:path';

import { corruptData, limitExceeded, notFound, toAppError, isErrno } from '@eigenloom/errors';

import { decodeText } from './json/decode-text.js';
import { literalOf } from './json/literals.js';
import { parseJson } from './json/parse-json.js';
import { withFile } from './with-file.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Larger than any config, index or tokenizer seen (Qwen's tokenizer.json: 12 MB), small enough to hold. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/**
 * Reads a JSON object as Python writes it. Errors: `FILE_NOT_FOUND`, `CORRUPT_JSON`, `FILE_TOO_LARGE`, each naming the base name, and
 * the line where there is one.
 */
export async function readJsonFile(path: string): Promise<JsonObject> {
  const file = basename(path);
  const value = parseJson(decodeText(await readBytes(path, file), file), file);
  if (!isObject(value)) {
    const found = Array.isArray(value) ? 'a list' : JSON.stringify(value).slice(0, 40);
    throw corruptData('CORRUPT_JSON', `${file}: holds ${found} instead of a JSON object`, {
      details: { file },
    });
  }
  return value;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function readBytes(path: string, file: string): Promise<Uint8Array> {
  try {
    return await withFile(path, 'r', async (handle) => {
      const { size } = await handle.stat();
      if (size > MAX_JSON_BYTES) {
        const why = `${size} bytes of JSON, more than the ${MAX_JSON_BYTES} that are read`;
        throw limitExceeded('FILE_TOO_LARGE', `${file}: ${why}`, { retryable: false });
      }
      return handle.readFile();
    });
  } catch (error) {
    if (isErrno(error, 'EISDIR')) {
      throw corruptData('CORRUPT_JSON', `${file}: is a folder instead of a file`, { details: { file } });
    }
    if (!isErrno(error, 'ENOENT')) throw toAppError(error);
    throw notFound('FILE_NOT_FOUND', `${file}: does not exist`, { cause: error });
  }
}

/**
 * JSON with sorted keys and an indent of two, as Python's `json.dumps(sort_keys=True, indent=2)`, with a final newline. Numbers that
 * were read from a file are written as they stood there; others that are not finite become null.
 */
export const sortedJson = (value: unknown): string => `${print(value, sortedKeys, '')}\n`;

/** As `sortedJson`, with the keys in the order that they have. */
export const orderedJson = (value: unknown): string => `${print(value, ownKeys, '')}\n`;

function print(value: unknown, keysOf: typeof ownKeys, indent: string): string {
  const inner = `${indent}  `;
  const printed = (holder: object, key: string, item: unknown): string =>
    literalOf(holder, key, item) ?? print(item, keysOf, inner);
  if (Array.isArray(value)) {
    const items = value.map((item, at) => printed(value, String(at), item));
    return bracketed(items, '[]', indent);
  }
  if (!isObject(value)) return value === undefined ? 'null' : JSON.stringify(value);
  const entries = keysOf(value).map((key) => `${JSON.stringify(key)}: ${printed(value, key, value[key])}`);
  return bracketed(entries, '{}', indent);
}

function bracketed(items: readonly string[], [open = '', close = '']: string, indent: string): string {
  if (items.length === 0) return open + close;
  return `${open}\n${items.map((item) => `${indent}  ${item}`).join(',\n')}\n${indent}${close}`;
}

const ownKeys = (value: JsonObject): string[] => Object.keys(value).filter((key) => value[key] !== undefined);

/** In order of code units, after keys that are whole numbers, which objects of JavaScript have first. */
const sortedKeys = (value: JsonObject): string[] =>
  Object.keys(
    Object.fromEntries(
      ownKeys(value)
        .sort()
        .map((key) => [key, 0]),
    ),
  );
