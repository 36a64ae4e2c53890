import { checkNotNegative, checkWeightSum } from './check-number.js';
import { defineMergeMethod, weightsOf } from './method.js';

/**
 * Multi-SLERP: the directions' weighted mean, in the tangent space at their weighted Euclidean mean and mapped back to the sphere, times
 * the weighted mean of the norms; of the task vectors where a base is given. goddard.blog/posts/multislerp-wow-what-a-cool-idea.
 * Deviations: task vectors that are all zero give the base, where mergekit fails. Directions that cancel are an error as there.
 */
export const multislerp = defineMergeMethod({
  case: 'multislerp',
  id: 'multislerp',
  summary: 'Weighted mean of directions in their tangent space',
  paper: 'https://goddard.blog/posts/multislerp-wow-what-a-cool-idea',
  inputs: { base: 'used', minModels: 1 },
  symmetric: true,
  check({ normalizeWeights = true, epsilon }, models) {
    checkNotNegative(epsilon, 'multislerp.epsilon');
    if (normalizeWeights) checkWeightSum(weightsOf(models), 'models.weight');
  },
  mergeTensor({ models }, { normalizeWeights = true, epsilon = 1e-8 }) {
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
});
