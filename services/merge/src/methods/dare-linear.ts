import { checkFinite, checkFraction, checkWeightSum } from './check-number.js';
import { dropAndRescale } from './dare.js';
import { defineMergeMethod, weightsOf } from './method.js';
import { addTaskVectors } from './task-vectors.js';

/**
 * DARE with task arithmetic: θ = θ₀ + λ·Σ wᵢ·dare(τᵢ), see `dare.ts`. Yu et al. 2023, arXiv:2311.03099.
 * Deviations: λ and the division by the sum of the weights, as in mergekit. The random numbers
 * are those of `dare.ts`, not torch's. mergekit: what stays is scaled to the L1 norm of the whole, instead of by 1/ρ.
 * Checked: share that stays and rescaling, by statistics.
 */
export const dareLinear = defineMergeMethod({
  case: 'dareLinear',
  id: 'dare_linear',
  summary: 'Drops elements of task vectors at random, rescales, adds',
  paper: 'arXiv:2311.03099',
  inputs: { base: 'required', minModels: 1 },
  symmetric: false,
  check({ density, lambda, normalize }, models) {
    checkFraction(density, 'dare_linear.density');
    checkFinite(lambda, 'dare_linear.lambda');
    if (normalize) checkWeightSum(weightsOf(models), 'models.weight');
  },
  mergeTensor: (tensor, { density = 1, lambda = 1, normalize, rescale = true }) => [
    ...dropAndRescale(tensor, density, rescale),
    ...addTaskVectors(tensor.models, { signs: false, normalize, lambda }),
  ],
});
