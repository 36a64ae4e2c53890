import { invalidInput } from '@eigenloom/errors';

import { type Fields, readCount, readFields } from './fields.js';
import { type Located, locate } from './located.js';
import { type TokenWish, readTokens } from './token-wish.js';

/** What a document asks of the tokenizer. */
export interface TokenizerWish {
  readonly source: 'base' | 'union' | Located;
  /** Where the source stands, or would. */
  readonly at: string;
  readonly padTo: number | undefined;
  readonly padAt: string;
  /** Tokens that the result has in any case, and where their embeddings come from. */
  readonly tokens: readonly TokenWish[];
}

/** Reads `tokenizer_source` or `tokenizer`. Errors: InvalidInput naming the place. */
export function readTokenizer(fields: Fields, at: string): TokenizerWish | undefined {
  const { tokenizer_source: source, tokenizer } = fields;
  if (source !== undefined && tokenizer !== undefined) {
    throw invalidInput(
      'ONEOF_CONFLICT',
      `${at}.tokenizer`,
      'only one of tokenizer_source and tokenizer may be set',
    );
  }
  if (source !== undefined) {
    const field = `${at}.tokenizer_source`;
    return { source: readSource(source, field), at: field, padTo: undefined, padAt: field, tokens: [] };
  }
  if (tokenizer === undefined) return undefined;
  const place = `${at}.tokenizer`;
  const wish = readFields(tokenizer, place, ['source', 'tokens', 'pad_to_multiple_of']);
  const pad = wish['pad_to_multiple_of'];
  return {
    source: readSource(wish['source'] ?? 'union', `${place}.source`),
    at: `${place}.source`,
    padTo: pad === undefined ? undefined : readCount(pad, `${place}.pad_to_multiple_of`),
    padAt: `${place}.pad_to_multiple_of`,
    tokens: readTokens(wish['tokens'], `${place}.tokens`),
  };
}

const readSource = (value: unknown, at: string): TokenizerWish['source'] =>
  value === 'base' || value === 'union' ? value : locate(value, at);
