import type { merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { modelMethod } from '../prepare/model-method.js';
import { checkNotNegative } from '../steps/check-number.js';

const MAX_ITERATIONS = 100_000;

/**
 * The Riemannian (Karcher) mean of the models' directions on the sphere, times the mean of their norms, by u ← exp_u(mean of log_u(uᵢ))
 * from the Euclidean mean on. Karcher 1977, doi:10.1002/cpa.3160300502.
 */
export const karcher = modelMethod<merge.KarcherMerge>({
  summary: 'Riemannian mean of directions',
  paper: 'doi:10.1002/cpa.3160300502',
  deviations:
    'The iteration stops after `max_iterations` or at a step below `tolerance`, as in mergekit; models ' +
    'whose norm is below the tolerance count with their norm only. All models weigh the same; weights are ' +
    'not used.',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: true,
  create({ maxIterations = 10, tolerance = 1e-5 }, field) {
    checkNotNegative(tolerance, `${field}.tolerance`);
    if (maxIterations > MAX_ITERATIONS) {
      throw invalidInput('OUT_OF_RANGE', `${field}.max_iterations`, `is above ${MAX_ITERATIONS}`);
    }
    return {
      mergeTensor: () => [
        {
          step: 'combine',
          rule: { name: 'karcher', max_iterations: maxIterations, tolerance },
          along: 'tensor',
        },
      ],
    };
  },
});
