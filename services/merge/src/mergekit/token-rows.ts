import { invalidInput } from '@eigenloom/errors';
import type { RowPicks } from '@eigenloom/numeric';

import type { TokenWish } from './token-wish.js';
import { rowsFor } from './union-tokenizer.js';

/** Tokens of a model that have a row in its embeddings, by that row. */
export type TokenIds = ReadonlyMap<string, number>;

/** A wish whose model is one of those merged, by its position. */
export interface PlacedWish extends Omit<TokenWish, 'source'> {
  readonly source:
    | { readonly kind: 'zero' }
    | { readonly kind: 'model'; readonly model: number }
    | { readonly kind: 'token'; readonly model: number; readonly token: string | number }
    | undefined;
}

export interface Rearranging {
  /** Of the result. */
  readonly tokens: ReadonlyMap<string, number>;
  /** Of each model. */
  readonly models: readonly TokenIds[];
  /** Position of the base among the models. */
  readonly base: number | undefined;
  readonly wishes: ReadonlyMap<string, PlacedWish>;
  /** Rows of the result are a multiple of it. */
  readonly padTo: number;
}

type Pick = readonly [model: number, row: number];

/**
 * For each model, where the rows of its embeddings come from once they are in the order of the result, by mergekit's rules
 * (mergekit/tokenizer/embed.py): a model that has a token keeps its own row. One that lacks it takes the row of the wish; else of the
 * only model that has it, or of the base, or the mean of all that have it; else zero.
 */
export function rowsOf({ tokens, models, base, wishes, padTo }: Rearranging): RowPicks[] {
  const byId = new Map([...tokens].map(([token, id]) => [id, token]));
  const rows = rowsFor(byId.keys());
  const padding = Math.ceil(rows / padTo) * padTo - rows;
  const ids = Array.from({ length: rows }, (_, id) => byId.get(id));
  return models.map((own, model) => {
    const starts = new Uint32Array(rows + 1);
    const picks: number[] = [];
    for (const [id, token] of ids.entries()) {
      if (token !== undefined) {
        const wish = wishes.get(token);
        const row = wish?.force === true ? undefined : own.get(token);
        const chosen = row === undefined ? defaultOf(token, wish, models, base) : [[model, row] as const];
        for (const pick of chosen) picks.push(...pick);
      }
      starts[id + 1] = picks.length / 2;
    }
    return { starts, picks: Uint32Array.from(picks), padding };
  });
}

function defaultOf(
  token: string,
  wish: PlacedWish | undefined,
  models: readonly TokenIds[],
  base: number | undefined,
): readonly Pick[] {
  if (wish?.source !== undefined) return wished(wish, wish.source, models);
  const having = models.flatMap((ids, model): Pick[] => {
    const row = ids.get(token);
    return row === undefined ? [] : [[model, row]];
  });
  const ofBase = having.find(([model]) => model === base);
  return having.length > 1 && ofBase !== undefined ? [ofBase] : having;
}

function wished(
  { at, token: own }: PlacedWish,
  source: NonNullable<PlacedWish['source']>,
  models: readonly TokenIds[],
): readonly Pick[] {
  if (source.kind === 'zero') return [];
  const token = source.kind === 'token' ? source.token : own;
  const row = typeof token === 'number' ? token : models[source.model]?.get(token);
  if (row === undefined)
    throw invalidInput('UNKNOWN_TOKEN', `${at}.source`, 'the model does not have the token');
  return [[source.model, row]];
}

/** Tokens of the result that neither a model nor a wish has a row for. */
export const tokensWithoutRow = ({ tokens, models, wishes }: Rearranging): number =>
  [...tokens.keys()].filter((token) => !wishes.has(token) && !models.some((ids) => ids.has(token))).length;
