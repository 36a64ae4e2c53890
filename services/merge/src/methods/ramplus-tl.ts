import { checkFinite, checkNotNegative } from './check-number.js';
import { defineMergeMethod } from './method.js';

/**
 * RAM+: ram, where what a model alone changed is scaled by λᵢ = 1 + r·min(α, shared/unique), the numbers of elements that it changed with
 * others and alone. arXiv:2601.13572. Deviations: the numbers are those of the tensor, as in mergekit (tensor-local), instead of
 * the whole model's; models have no weights.
 */
export const ramplusTl = defineMergeMethod({
  case: 'ramplusTl',
  id: 'ramplus_tl',
  summary: 'ram that amplifies what one model alone changed',
  paper: 'arXiv:2601.13572',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  check({ epsilon, r, alpha }) {
    checkNotNegative(epsilon, 'ramplus_tl.epsilon');
    checkFinite(r, 'ramplus_tl.r');
    checkNotNegative(alpha, 'ramplus_tl.alpha');
  },
  mergeTensor: ({ models }, { epsilon = 1e-5, r = 0.1, alpha = 0.2 }) => [
    { step: 'delta' },
    { step: 'keep_above', threshold: epsilon },
    { step: 'amplify_unique', r, alpha },
    { step: 'sum', divisor: 'present_weights', weights: models.map(() => 1) },
    { step: 'add_base' },
  ],
});
