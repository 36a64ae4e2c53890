import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite, checkFraction, checkWeightSum } from '../steps/check-number.js';
import { dropAndRescale } from '../steps/drop-and-rescale.js';
import { weightsOf } from '../steps/method-facts.js';
import { addTaskVectors } from '../steps/task-vectors.js';

/** DARE with task arithmetic: θ = θ₀ + λ·Σ wᵢ·dare(τᵢ), see steps/drop-and-rescale.ts. Yu et al. 2023, arXiv:2311.03099. */
export const dareLinear = modelMethod<merge.DareLinearMerge>({
  summary: 'Drops elements of task vectors at random, rescales, adds',
  paper: 'arXiv:2311.03099',
  deviations:
    "λ and the division by the sum of the weights, as in mergekit. The random numbers are keyed by seed, tensor, model and element, not torch's.",
  inMergekitMode: 'What stays is scaled to the L1 norm of the whole, instead of by 1/ρ.',
  checked: 'Share that stays and rescaling, by statistics.',
  inputs: { base: 'required', minModels: 1 },
  symmetric: false,
  create({ density = 1, lambda = 1, normalize, rescale = true }, field) {
    checkFraction(density, `${field}.density`);
    checkFinite(lambda, `${field}.lambda`);
    return {
      check(models) {
        if (normalize) checkWeightSum(weightsOf(models), 'models.weight');
      },
      mergeTensor: (tensor) => [
        ...dropAndRescale(tensor, density, rescale),
        ...addTaskVectors(tensor.models, { signs: false, normalize, lambda }),
      ],
    };
  },
});
