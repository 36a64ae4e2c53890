import { createReadStream } from 'node:fs';
import { text } from 'node:stream/consumers';
import { invalidInput, notFound } from '@eigenloom/errors';
import { isMergekitDocument, mapUris, parseMergekitDocuments, parseYaml } from '@eigenloom/contracts';
import {
  assign,
  checkMessage,
  choose,
  contractOf,
  type KindName,
  requestFromObject,
  type RequestOf,
} from '@eigenloom/runtime';
import type { Edits } from './edits.js';
import { localUri } from './local-uri.js';
import type { JobOptions } from './options.js';

/** Larger than any recipe that the checker accepts. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

async function readRecipe(path: string): Promise<string> {
  const stream = path === '-' ? process.stdin : createReadStream(path, { end: MAX_READ_BYTES });
  try {
    return await text(stream);
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw notFound('FILE_NOT_FOUND', `${path} does not exist`, { cause: error });
    const why = code === 'EISDIR' ? 'is a folder, and a recipe is a file' : `cannot be read (${code})`;
    throw invalidInput('FILE_UNREADABLE', path, why);
  }
}

/** A configuration of mergekit stands for the request that holds it. */
function parseDocument(kind: KindName, text: string): unknown {
  if (kind !== 'merge' || !text.includes('merge_method')) return parseYaml(text);
  return parseMergekitDocuments(text).some(isMergekitDocument)
    ? { mergekit: { config: text } }
    : parseYaml(text);
}

/** The request of a recipe and of what the command line changes in it. Relative paths become absolute `file:` URIs. */
export async function requestFrom<K extends KindName>(
  kind: K,
  recipe: string | undefined,
  { methods, assignments }: Edits,
  { out, seed, requestId }: JobOptions,
): Promise<RequestOf[K]> {
  const { requestType } = contractOf(kind);
  const written: unknown = recipe === undefined ? {} : parseDocument(kind, await readRecipe(recipe));
  const document = checkMessage(requestType, written);
  for (const id of methods) choose(requestType, document, id);
  for (const { path, text: value } of assignments) assign(requestType, document, path, value);
  const options = { outputUri: out, seed, requestId };
  for (const [key, value] of Object.entries(options)) if (value !== undefined) document[key] = value;
  return requestFromObject(
    kind,
    mapUris(document, [], (uri) => localUri(uri)),
  );
}
