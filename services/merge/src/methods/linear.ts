import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkWeightSum } from '../steps/check-number.js';
import { weightsOf } from '../steps/method-facts.js';

/**
 * Weighted mean: θ = Σ wᵢθᵢ / Σ wᵢ, or without the division. With equal weights the uniform soup of Wortsman et al. 2022,
 * arXiv:2203.05482.
 */
export const linear = modelMethod<merge.LinearMerge>({
  summary: 'Weighted mean of the models; with equal weights the uniform soup',
  paper: 'arXiv:2203.05482',
  deviations: '',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: true,
  create: ({ normalize = true }) => ({
    check(models) {
      if (normalize) checkWeightSum(weightsOf(models), 'models.weight');
    },
    mergeTensor({ models }) {
      const weights = weightsOf(models);
      return [
        { step: 'weigh', weights },
        { step: 'sum', divisor: normalize ? 'weights' : 'one', weights },
      ];
    },
  }),
});
