import { checkNotNegative } from './check-number.js';
import { defineMergeMethod } from './method.js';

/**
 * Reinforced Agent Merging: what one model alone changed by more than ε is added whole, what several changed is averaged over those.
 * arXiv:2601.13572. Deviations: models have no weights.
 */
export const ram = defineMergeMethod({
  case: 'ram',
  id: 'ram',
  summary: 'Adds what one model changed, averages what several did',
  paper: 'arXiv:2601.13572',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  check({ epsilon }) {
    checkNotNegative(epsilon, 'ram.epsilon');
  },
  mergeTensor: ({ models }, { epsilon = 1e-5 }) => [
    { step: 'delta' },
    { step: 'keep_above', threshold: epsilon },
    { step: 'sum', divisor: 'present_weights', weights: models.map(() => 1) },
    { step: 'add_base' },
  ],
});
