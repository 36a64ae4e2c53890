import { type JsonObject, carriedFile, isObject, readJsonFile, sortedJson } from '@eigenloom/checkpoint';

import type { TokenizerFiles } from '../plan/planned.js';
import { addedTokens, allTokens, modelTokens } from './union-tokenizer.js';

/** Vocabularies of tokenizers of the slow kind, which know added tokens from added_tokens.json alone. */
const SLOW = ['vocab.txt', 'vocab.json', 'tokenizer.model', 'spiece.model', 'sentencepiece.bpe.model'];

/** A tokenizer's files around an edited tokenizer.json: the lists of added tokens in the other files follow it. */
export async function editedTokenizer(files: TokenizerFiles, json: JsonObject): Promise<TokenizerFiles> {
  const texts = new Map([['tokenizer.json', `${JSON.stringify(json, undefined, 2)}\n`]]);
  const added = addedTokens(json);
  if (files.files.includes('tokenizer_config.json')) {
    const config = await readJsonFile(await carriedFile(files.directory, 'tokenizer_config.json'));
    if (isObject(config['added_tokens_decoder'])) {
      const listed = added.map(({ id, ...settings }) => [String(id), settings] as const);
      const known = new Set(allTokens(json).values());
      const kept = Object.entries(config['added_tokens_decoder']).filter(([id]) => known.has(Number(id)));
      const decoder = { ...Object.fromEntries(kept), ...Object.fromEntries(listed) };
      texts.set('tokenizer_config.json', sortedJson({ ...config, added_tokens_decoder: decoder }));
    }
  }
  const own = modelTokens(json);
  const extra = added.filter(({ content }) => !own.has(content));
  const name = 'added_tokens.json';
  const listed = files.files.includes(name);
  if (!listed && (extra.length === 0 || !SLOW.some((each) => files.files.includes(each)))) {
    return { ...files, texts };
  }
  texts.set(name, sortedJson(Object.fromEntries(extra.map(({ content, id }) => [content, id]))));
  return { ...files, files: listed ? files.files : [...files.files, name], texts };
}

/**
 * A tokenizer.json without the tokens at and above a number of rows, for which its model has no embeddings, and without the merges that
 * make them; undefined when there are none. As in mergekit (get_stripped_tokenizer), which does so for BPE only.
 */
export function withinRows(json: JsonObject, rows: number): JsonObject | undefined {
  const beyond = new Set([...allTokens(json)].flatMap(([token, id]) => (id < rows ? [] : [token])));
  if (beyond.size === 0) return undefined;
  const added = addedTokens(json).filter(({ id }) => id < rows);
  return { ...json, added_tokens: added, model: modelWithout(json['model'], beyond, rows) };
}

function modelWithout(model: unknown, beyond: ReadonlySet<string>, rows: number): unknown {
  if (!isObject(model)) return model;
  const { vocab, merges } = model;
  const kept = isObject(vocab)
    ? Object.fromEntries(Object.entries(vocab).filter(([token]) => !beyond.has(token)))
    : Array.isArray(vocab)
      ? vocab.slice(0, rows)
      : vocab;
  if (!Array.isArray(merges)) return { ...model, vocab: kept };
  const possible = (merge: unknown): boolean => {
    const parts: readonly unknown[] = Array.isArray(merge) ? merge : String(merge).split(' ');
    return ![...parts, parts.join('')].some((part) => beyond.has(String(part)));
  };
  return { ...model, vocab: kept, merges: merges.filter(possible) };
}
