import { carriedFile, isObject, readJsonFile } from '@eigenloom/checkpoint';
import { corruptData } from '@eigenloom/errors';
import { sha256File } from '@eigenloom/numeric';
import { readFile } from 'node:fs/promises';

/** The tokens of a tokenizer. */
export interface Vocabulary {
  /** Of the file that holds it. */
  readonly digest: string;
  /** Undefined for formats that only their own library reads. */
  readonly tokens: ReadonlyMap<string, number> | undefined;
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
  if (holder === 'tokenizer.json') return { digest, tokens: tokensOf(await readJsonFile(path)) };
  if (holder === 'vocab.txt') {
    const lines = (await readFile(path, 'utf8')).replace(/\r?\n$/, '').split(/\r?\n/);
    return { digest, tokens: new Map(lines.map((token, id) => [token, id])) };
  }
  return { digest, tokens: undefined };
}

function tokensOf(tokenizer: Readonly<Record<string, unknown>>): Map<string, number> {
  const { model, added_tokens: added } = tokenizer;
  const vocab: unknown = isObject(model) ? model['vocab'] : undefined;
  const tokens = new Map<string, number>();
  // Unigram models list [token, score] in order of id; the others map tokens to ids.
  if (Array.isArray(vocab)) {
    for (const [id, entry] of (vocab as readonly unknown[]).entries()) {
      tokens.set(String((entry as readonly unknown[])[0]), id);
    }
  } else if (isObject(vocab)) {
    for (const [token, id] of Object.entries(vocab)) tokens.set(token, Number(id));
  } else throw corruptData('CORRUPT_JSON', 'tokenizer.json: has no vocabulary');
  for (const entry of Array.isArray(added) ? (added as readonly unknown[]) : []) {
    if (isObject(entry)) tokens.set(String(entry['content']), Number(entry['id']));
  }
  return tokens;
}

/** Whether two tokenizers have the same tokens with the same ids. */
export function sameVocabulary(one: Vocabulary, other: Vocabulary): boolean {
  if (one.digest === other.digest) return true;
  if (one.tokens === undefined || other.tokens?.size !== one.tokens.size) return false;
  return [...one.tokens].every(([token, id]) => other.tokens?.get(token) === id);
}
