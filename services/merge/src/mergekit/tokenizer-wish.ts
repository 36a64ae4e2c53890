import { invalidInput } from '@eigenloom/errors';

import { type Fields, readCount, readFields } from './fields.js';
import { type Located, locate } from './located.js';

/** What a document asks of the tokenizer. */
export interface TokenizerWish {
  readonly source: 'base' | 'union' | Located;
  /** Where the source stands, or would. */
  readonly at: string;
  readonly padTo: number | undefined;
  readonly padAt: string;
}

/** Reads `tokenizer_source` or `tokenizer`. Errors: InvalidInput; `UNSUPPORTED_TOKENIZER` for embeddings token by token. */
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
    return { source: readSource(source, field), at: field, padTo: undefined, padAt: field };
  }
  if (tokenizer === undefined) return undefined;
  const place = `${at}.tokenizer`;
  const wish = readFields(tokenizer, place, ['source', 'tokens', 'pad_to_multiple_of']);
  if (wish['tokens'] !== undefined && Object.keys(readFields(wish['tokens'], `${place}.tokens`)).length > 0) {
    throw invalidInput(
      'UNSUPPORTED_TOKENIZER',
      `${place}.tokens`,
      'embeddings of single tokens cannot be chosen',
    );
  }
  const pad = wish['pad_to_multiple_of'];
  return {
    source: readSource(wish['source'] ?? 'union', `${place}.source`),
    at: `${place}.source`,
    padTo: pad === undefined ? undefined : readCount(pad, `${place}.pad_to_multiple_of`),
    padAt: `${place}.pad_to_multiple_of`,
  };
}

const readSource = (value: unknown, at: string): TokenizerWish['source'] =>
  value === 'base' || value === 'union' ? value : locate(value, at);
