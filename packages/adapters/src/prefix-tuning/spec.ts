import type { adapters } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import { randomNormals, streamKey } from '@eigenloom/numeric';

import type { AdapterTensor, Site } from '../parametrisation.js';

/** Keys and values of all attentions, by PEFT's name. */
export type PrefixPart = 'prompt_embeddings';

const DEFAULT_TOKENS = 20;

/** Fills in the default. Errors: `OUT_OF_RANGE`. */
export function tokensOf(
  { numVirtualTokens = DEFAULT_TOKENS }: adapters.PrefixTuning,
  field: string,
): number {
  if (Number.isInteger(numVirtualTokens) && numVirtualTokens >= 1) return numVirtualTokens;
  throw invalidInput('OUT_OF_RANGE', `${field}.num_virtual_tokens`, `${numVirtualTokens} is below 1`);
}

/** Columns of the keys of an attention, and of its values. */
export const widthOf = ({ keyValueHeads, headSize }: Site<'attention'>): number => keyValueHeads * headSize;

/** [tokens, Σ 2·width]: keys, then values, of one attention after the other. Standard normal at the start. */
export function tensorsOf(tokens: number, sites: readonly Site[]): AdapterTensor<PrefixPart>[] {
  const attentions = sites.filter((site) => site.kind === 'attention');
  const columns = attentions.reduce((sum, site) => sum + 2 * widthOf(site), 0);
  return [
    {
      ...{ part: 'prompt_embeddings', module: null, shape: [tokens, columns], trained: true },
      start: ({ seed }) => randomNormals(streamKey(seed, 'prompt_embeddings'), tokens * columns, 1),
    },
  ];
}
