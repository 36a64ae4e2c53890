import { checkFinite, checkWeightSum } from './check-number.js';
import { checkMagprune, magprune } from './magprune.js';
import { defineMergeMethod, weightsOf } from './method.js';
import { addTaskVectors } from './task-vectors.js';

/**
 * DELLA without the election of signs: θ = θ₀ + λ·Σ wᵢ·magprune(τᵢ), see `magprune.ts`. Deep et al. 2024, arXiv:2406.11617.
 * Deviations: the election is left out, as in mergekit; ranks are spread from end to end, r/(n−1) instead of r/n; the random numbers are
 * those of `dare.ts`. mergekit: probabilities from ρ − ε to ρ + ε, and what stays is scaled to the L1 norm of the whole.
 * Checked: share that stays by rank, and rescaling, by statistics.
 */
export const dellaLinear = defineMergeMethod({
  case: 'dellaLinear',
  id: 'della_linear',
  summary: 'Drops small elements of task vectors rather than large ones, rescales, adds',
  paper: 'arXiv:2406.11617',
  inputs: { base: 'required', minModels: 1 },
  symmetric: false,
  check(parameters, models) {
    checkMagprune(parameters, models, 'della_linear');
    checkFinite(parameters.lambda, 'della_linear.lambda');
    if (parameters.normalize) checkWeightSum(weightsOf(models), 'models.weight');
  },
  mergeTensor: (tensor, { lambda = 1, normalize, rescale = true, ...sparse }) => [
    ...magprune(tensor, sparse, rescale),
    ...addTaskVectors(tensor.models, { signs: false, normalize, lambda }),
  ],
});
