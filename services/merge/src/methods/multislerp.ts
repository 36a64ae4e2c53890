import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkNotNegative, checkWeightSum } from '../steps/check-number.js';
import { weightsOf } from '../steps/method-facts.js';

/**
 * Multi-SLERP: the directions' weighted mean, in the tangent space at their weighted Euclidean mean and mapped back to the sphere, times
 * the weighted mean of the norms; of the task vectors where a base is given. goddard.blog/posts/multislerp-wow-what-a-cool-idea.
 */
export const multislerp = modelMethod<merge.MultislerpMerge>({
  summary: 'Weighted mean of directions in their tangent space',
  paper: 'https://goddard.blog/posts/multislerp-wow-what-a-cool-idea',
  deviations:
    'Task vectors that are all zero give the base, where mergekit fails. Directions that cancel are an ' +
    'error as there.',
  inputs: { base: 'used', minModels: 1 },
  symmetric: true,
  create({ normalizeWeights = true, epsilon = 1e-8 }, field) {
    checkNotNegative(epsilon, `${field}.epsilon`);
    return {
      check(models) {
        if (normalizeWeights) checkWeightSum(weightsOf(models), 'models.weight');
      },
      mergeTensor({ models }) {
        const given = weightsOf(models);
        // One model is returned as it is, whatever its weight.
        if (given.length === 1) return [{ step: 'sum', divisor: 'one', weights: given }];
        const total = normalizeWeights ? given.reduce((sum, weight) => sum + weight, 0) : 1;
        const weights = given.map((weight) => weight / total);
        return [
          { step: 'delta', base: 'if_given' },
          { step: 'combine', rule: { name: 'multislerp', weights, epsilon }, along: 'tensor' },
          { step: 'add_base', base: 'if_given' },
        ];
      },
    };
  },
});
