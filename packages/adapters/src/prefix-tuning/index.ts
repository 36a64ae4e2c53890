import type { adapters } from '@eigenloom/contracts';

import type { AdapterDefinition } from '../definition.js';
import type { Parametrisation } from '../parametrisation.js';
import { readFiles } from '../read-files.js';
import { hooksOf } from './forward.js';
import { configOf, PREFIX_FORMAT, tokensFrom } from './peft.js';
import { type PrefixPart, tensorsOf, tokensOf } from './spec.js';

const bound = (tokens: number): Parametrisation<PrefixPart> => ({
  format: PREFIX_FORMAT,
  at: ['attention'],
  neutral: false,
  positions: tokens,
  tensors: (sites) => tensorsOf(tokens, sites),
  hooks: hooksOf(tokens),
  config: () => configOf(tokens),
});

/** Prefix tuning: keys and values before those of the input. */
export const prefixTuning: AdapterDefinition<adapters.PrefixTuning, PrefixPart> = {
  summary: 'Trained keys and values before those of the input, in every attention',
  paper: 'arXiv:2101.00190',
  deviations:
    'Keys and values are trained directly, not through the feed-forward network of section 4.3, and start as standard normal numbers, as in PEFT without a projection.',
  format: PREFIX_FORMAT,
  create: (parameters, field) => bound(tokensOf(parameters, field)),
  read: readFiles(PREFIX_FORMAT, (raw) => bound(tokensFrom(raw))),
};
