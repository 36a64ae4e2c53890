import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite, checkWeightSum } from '../steps/check-number.js';
import { checkMagprune, DEFAULT_EPSILON, magprune } from '../steps/magprune.js';
import { weightsOf } from '../steps/method-facts.js';
import { addTaskVectors } from '../steps/task-vectors.js';

/** DELLA without the election of signs: θ = θ₀ + λ·Σ wᵢ·magprune(τᵢ), see steps/magprune.ts. Deep et al. 2024, arXiv:2406.11617. */
export const dellaLinear = modelMethod<merge.DellaLinearMerge>({
  summary: 'Drops small elements of task vectors rather than large ones, rescales, adds',
  paper: 'arXiv:2406.11617',
  deviations:
    'The election is left out, as in mergekit; ranks are spread from end to end, r/(n−1) instead of r/n; ' +
    'the random numbers are those of `dare_linear`.',
  inMergekitMode: 'Probabilities from ρ − ε to ρ + ε, and what stays is scaled to the L1 norm of the whole.',
  checked: 'Share that stays by rank, and rescaling, by statistics.',
  inputs: { base: 'required', minModels: 1 },
  symmetric: false,
  create({ density = 1, epsilon = DEFAULT_EPSILON, lambda = 1, normalize, rescale = true }, field) {
    checkFinite(lambda, `${field}.lambda`);
    return {
      check(models) {
        checkMagprune({ density, epsilon }, models, field);
        if (normalize) checkWeightSum(weightsOf(models), 'models.weight');
      },
      mergeTensor: (tensor) => [
        ...magprune(tensor, { density, epsilon }, rescale),
        ...addTaskVectors(tensor.models, { signs: false, normalize, lambda }),
      ],
    };
  },
});
