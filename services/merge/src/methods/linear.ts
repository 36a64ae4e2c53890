import { checkWeightSum } from './check-number.js';
import { defineMergeMethod, weightsOf } from './method.js';

/**
 * Weighted mean: θ = Σ wᵢθᵢ / Σ wᵢ, or without the division. With equal weights the uniform soup of Wortsman et al. 2022,
 * arXiv:2203.05482. Deviations: none.
 */
export const linear = defineMergeMethod({
  case: 'linear',
  id: 'linear',
  summary: 'Weighted mean of the models; with equal weights the uniform soup',
  paper: 'arXiv:2203.05482',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: true,
  check({ normalize = true }, models) {
    if (normalize) checkWeightSum(weightsOf(models), 'models.weight');
  },
  mergeTensor({ models }, { normalize = true }) {
    const weights = weightsOf(models);
    return [
      { step: 'weigh', weights },
      { step: 'sum', divisor: normalize ? 'weights' : 'one', weights },
    ];
  },
});
