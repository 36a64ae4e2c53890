import { checkWeightSum } from './check-number.js';
import { defineMergeMethod, weightsOf } from './method.js';

/**
 * Weighted mean: θ = Σ wᵢθᵢ / Σ wᵢ, or without the division. With equal weights the uniform soup of Wortsman et al. 2022,
 * arXiv:2203.05482, section 2. Deviations: none.
 */
export const linear = defineMergeMethod({
  case: 'linear',
  id: 'linear',
  summary: 'Weighted mean of the models; with equal weights the uniform soup',
  paper: 'arXiv:2203.05482',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: true,
  check({ normalize }, weights) {
    if (normalize ?? true) checkWeightSum(weights, 'models.weight');
  },
  mergeTensor(tensor, { normalize }) {
    const weights = weightsOf(tensor);
    return [
      { step: 'weigh', weights },
      { step: 'sum', divisor: (normalize ?? true) ? 'weights' : 'one', weights },
    ];
  },
});
