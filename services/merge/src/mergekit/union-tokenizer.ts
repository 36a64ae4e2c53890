import { type JsonObject, isObject } from '@eigenloom/checkpoint';
import { corruptData } from '@eigenloom/errors';

/** An entry of `added_tokens` of tokenizer.json. */
export type AddedToken = Readonly<Record<string, unknown>> & {
  readonly content: string;
  readonly id: number;
};

/** As `tokenizers` describes a token that is added by its text alone. */
const PLAIN = {
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: true,
  special: false,
};

/** Tokens of the model of a tokenizer.json by id. Unigram lists [token, score] in order of id; the others map tokens to ids. */
export function modelTokens({ model }: JsonObject): Map<string, number> {
  const vocab: unknown = isObject(model) ? model['vocab'] : undefined;
  if (Array.isArray(vocab)) {
    const entries = vocab as readonly (readonly unknown[])[];
    return new Map(entries.map(([token], id) => [String(token), id]));
  }
  if (!isObject(vocab)) {
    throw corruptData(
      'CORRUPT_JSON',
      'tokenizer.json has no vocabulary: model.vocab is missing or neither an object nor a list; is it a whole tokenizer.json?',
    );
  }
  return new Map(Object.entries(vocab).map(([token, id]) => [token, Number(id)]));
}

export function addedTokens({ added_tokens: added }: JsonObject): AddedToken[] {
  const entries = Array.isArray(added) ? (added as readonly unknown[]) : [];
  return entries.filter(
    (entry): entry is AddedToken =>
      isObject(entry) && typeof entry['content'] === 'string' && typeof entry['id'] === 'number',
  );
}

/** All tokens of a tokenizer.json by id. */
export function allTokens(tokenizer: JsonObject): Map<string, number> {
  const tokens = modelTokens(tokenizer);
  for (const { content, id } of addedTokens(tokenizer)) tokens.set(content, id);
  return tokens;
}

/** Rows that embeddings need for some ids. A loop, for a call does not take as many arguments as vocabularies have tokens. */
export function rowsFor(ids: Iterable<number>, least = 0): number {
  let rows = least;
  for (const id of ids) rows = Math.max(rows, id + 1);
  return rows;
}

/**
 * A tokenizer.json with further tokens, as `add_tokens` of `tokenizers` adds them: matched as whole texts before the model runs, with
 * the next free ids. The model and its merges stay. Tokens that are there already are left alone; `like` has the settings of others.
 */
export function withTokens(
  tokenizer: JsonObject,
  more: readonly string[],
  like: ReadonlyMap<string, AddedToken>,
): JsonObject {
  const known = allTokens(tokenizer);
  const added: AddedToken[] = addedTokens(tokenizer);
  let next = rowsFor(modelTokens(tokenizer).values(), rowsFor(added.map(({ id }) => id)));
  for (const content of more) {
    if (known.has(content)) continue;
    added.push({ ...PLAIN, ...like.get(content), id: next, content });
    known.set(content, next);
    next += 1;
  }
  return { ...tokenizer, added_tokens: added };
}

/** What a tokenizer contributes to a union. */
export interface TokenSet {
  /** By id. */
  readonly plain: ReadonlyMap<string, number>;
  readonly added: readonly AddedToken[];
}

/** Tokens of several tokenizers, those of the first first, each in order of id: what is added to make their union. */
export function unionOf(sets: readonly TokenSet[]): {
  tokens: readonly string[];
  like: ReadonlyMap<string, AddedToken>;
} {
  const plain = new Set<string>();
  const like = new Map<string, AddedToken>();
  for (const set of sets) {
    for (const token of set.added) if (!like.has(token.content)) like.set(token.content, token);
    for (const [token] of [...set.plain].sort(([, x], [, y]) => x - y)) plain.add(token);
  }
  // As in mergekit, tokens of the models come before added ones.
  return { tokens: [...[...plain].filter((token) => !like.has(token)), ...like.keys()], like };
}
