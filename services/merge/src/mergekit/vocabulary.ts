import { type JsonObject, carriedFile, readJsonFile } from '@eigenloom/checkpoint';
import { sha256File } from '@eigenloom/numeric';
import { readFile } from 'node:fs/promises';

import { allTokens } from './union-tokenizer.js';

/** The tokens of a tokenizer. */
export interface Vocabulary {
  /** Of the file that holds it. */
  readonly digest: string;
  /** Undefined for formats that only their own library reads. */
  readonly tokens: ReadonlyMap<string, number> | undefined;
  /** Where it is a tokenizer.json, which alone can be given further tokens. */
  readonly json?: JsonObject;
}

/** In the order in which transformers prefers them. */
const HOLDERS = [
  ...['tokenizer.json', 'vocab.txt', 'vocab.json'],
  ...['tokenizer.model', 'spiece.model', 'sentencepiece.bpe.model'],
];

/** The vocabulary in a folder, of which the carried files are known; undefined when it has no tokenizer. */
export async function readVocabulary(
  directory: string,
  files: readonly string[],
  signal: AbortSignal,
): Promise<Vocabulary | undefined> {
  const holder = HOLDERS.find((name) => files.includes(name));
  if (holder === undefined) return undefined;
  const path = await carriedFile(directory, holder);
  const digest = await sha256File(path, { signal });
  if (holder === 'tokenizer.json') {
    const json = await readJsonFile(path);
    return { digest, tokens: allTokens(json), json };
  }
  if (holder === 'vocab.txt') {
    const lines = (await readFile(path, 'utf8')).replace(/\r?\n$/, '').split(/\r?\n/);
    return { digest, tokens: new Map(lines.map((token, id) => [token, id])) };
  }
  return { digest, tokens: undefined };
}

/** Whether two tokenizers have the same tokens with the same ids. */
export function sameVocabulary(one: Vocabulary, other: Vocabulary): boolean {
  if (one.digest === other.digest) return true;
  if (one.tokens === undefined || other.tokens?.size !== one.tokens.size) return false;
  return [...one.tokens].every(([token, id]) => other.tokens?.get(token) === id);
}
