import { invalidInput } from '@eigenloom/errors';

import { readCount, readFields, readString } from './fields.js';
import { type Located, locate } from './located.js';

/** Where the embedding of one token comes from. */
export type TokenSource =
  | { readonly kind: 'zero' }
  /** The same token of a model. */
  | { readonly kind: 'model'; readonly model: Located }
  /** Another token of a model, by its text or its id. */
  | { readonly kind: 'token'; readonly model: Located; readonly token: string | number };

/** What a configuration says of one token. */
export interface TokenWish {
  readonly token: string;
  /** Undefined where only models that have the token are to keep their own. */
  readonly source: TokenSource | undefined;
  /** Models that have the token take it from the source too. */
  readonly force: boolean;
  readonly at: string;
}

/** Reads `tokenizer.tokens`. Errors: InvalidInput naming the place. */
export function readTokens(value: unknown, at: string): TokenWish[] {
  if (value === undefined) return [];
  return Object.entries(readFields(value, at)).map(([token, given]): TokenWish => {
    const place = `${at}.${token.slice(0, 64)}`;
    const { source, force } = readFields(given, place, ['source', 'force']);
    if (force !== undefined && typeof force !== 'boolean') {
      throw invalidInput('WRONG_TYPE', `${place}.force`, 'must be true or false');
    }
    if (source === undefined && force === true) {
      throw invalidInput('FIELD_MISSING', `${place}.source`, 'from where is it forced?');
    }
    const read = source === undefined ? undefined : readSource(source, `${place}.source`);
    return { token, source: read, force: force ?? false, at: place };
  });
}

function readSource(value: unknown, at: string): TokenSource {
  if (typeof value !== 'object' || value === null || !('kind' in value)) {
    return { kind: 'model', model: locate(value, at) };
  }
  const { kind, ...others } = readFields(value, at);
  if (kind === 'zero') {
    readFields(others, at, []);
    return { kind };
  }
  if (kind !== 'model_token') throw invalidInput('WRONG_TYPE', `${at}.kind`, 'must be zero or model_token');
  const { model, token, token_id: id } = readFields(others, at, ['model', 'token', 'token_id']);
  if ((token === undefined) === (id === undefined)) {
    throw invalidInput('ONEOF_CONFLICT', at, 'needs exactly one of token and token_id');
  }
  const chosen = readString(token, `${at}.token`) ?? readCount(id, `${at}.token_id`);
  return { kind: 'token', model: locate(model, `${at}.model`), token: chosen };
}
