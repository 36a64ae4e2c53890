import { invalidInput } from '@eigenloom/errors';

import { checkNotNegative } from './check-number.js';
import { defineMergeMethod } from './method.js';

const MAX_ITERATIONS = 100_000;

/**
 * The Riemannian (Karcher) mean of the models' directions on the sphere, times the mean of their norms, by u ← exp_u(mean of
 * log_u(uᵢ)) from the Euclidean mean on. Karcher 1977, doi:10.1002/cpa.3160300502.
 * Deviations: the iteration stops after `max_iterations` or at a step below `tolerance`, as in mergekit; models whose norm is below the
 * tolerance count with their norm only. All models weigh the same; weights are not used.
 */
export const karcher = defineMergeMethod({
  case: 'karcher',
  id: 'karcher',
  summary: 'Riemannian mean of directions',
  paper: 'doi:10.1002/cpa.3160300502',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: true,
  check({ maxIterations = 10, tolerance }) {
    checkNotNegative(tolerance, 'karcher.tolerance');
    if (maxIterations > MAX_ITERATIONS) {
      throw invalidInput('OUT_OF_RANGE', 'karcher.max_iterations', `is above ${MAX_ITERATIONS}`);
    }
  },
  mergeTensor: (_tensor, { maxIterations = 10, tolerance = 1e-5 }) => [
    {
      step: 'combine',
      rule: { name: 'karcher', max_iterations: maxIterations, tolerance },
      along: 'tensor',
    },
  ],
});
