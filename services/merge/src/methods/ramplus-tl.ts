import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite, checkNotNegative } from '../steps/check-number.js';

/**
 * RAM+: ram, where what a model alone changed is scaled by λᵢ = 1 + r·min(α, shared/unique), the numbers of elements that it changed
 * with others and alone. arXiv:2601.13572.
 */
export const ramplusTl = modelMethod<merge.RamplusTlMerge>({
  summary: 'ram that amplifies what one model alone changed',
  paper: 'arXiv:2601.13572',
  deviations:
    "The numbers are those of the tensor, as in mergekit (tensor-local), instead of the whole model's; " +
    'models have no weights.',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  create({ epsilon = 1e-5, r = 0.1, alpha = 0.2 }, field) {
    checkNotNegative(epsilon, `${field}.epsilon`);
    checkFinite(r, `${field}.r`);
    checkNotNegative(alpha, `${field}.alpha`);
    return {
      mergeTensor: ({ models }) => [
        { step: 'delta' },
        { step: 'keep_above', threshold: epsilon },
        { step: 'amplify_unique', r, alpha },
        { step: 'sum', divisor: 'present_weights', weights: models.map(() => 1) },
        { step: 'add_base' },
      ],
    };
  },
});
