import { type JsonObject, type PeftFormat, configFields } from '@eigenloom/checkpoint';

import type { PrefixPart } from './spec.js';

export const PREFIX_FORMAT: PeftFormat<PrefixPart> = {
  peftType: 'PREFIX_TUNING',
  parts: { prompt_embeddings: { at: 'root' } },
};

/** PEFT stores keys and values whether a projection made them or not, so they are plain tensors from here on. */
export const configOf = (tokens: number): JsonObject => ({
  num_virtual_tokens: tokens,
  prefix_projection: false,
});

/** The tokens of an adapter that has been read. Errors: `CORRUPT_ADAPTER`. */
export const tokensFrom = (raw: JsonObject): number => configFields.count(raw, 'num_virtual_tokens', 0);
