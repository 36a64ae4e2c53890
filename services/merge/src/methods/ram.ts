import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkNotNegative } from '../steps/check-number.js';

/**
 * Reinforced Agent Merging: what one model alone changed by more than ε is added whole, what several changed is averaged over those.
 * arXiv:2601.13572.
 */
export const ram = modelMethod<merge.RamMerge>({
  summary: 'Adds what one model changed, averages what several did',
  paper: 'arXiv:2601.13572',
  deviations: 'Models have no weights.',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  create({ epsilon = 1e-5 }, field) {
    checkNotNegative(epsilon, `${field}.epsilon`);
    return {
      mergeTensor: ({ models }) => [
        { step: 'delta' },
        { step: 'keep_above', threshold: epsilon },
        { step: 'sum', divisor: 'present_weights', weights: models.map(() => 1) },
        { step: 'add_base' },
      ],
    };
  },
});
