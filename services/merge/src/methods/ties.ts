import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite, checkFraction } from '../steps/check-number.js';
import { addTaskVectors, countsOf } from '../steps/task-vectors.js';

/**
 * TIES-Merging: trim each task vector τᵢ to its largest magnitudes, elect a sign for each parameter, take the mean of those that agree,
 * θ = θ₀ + λ·τ. Yadav et al. 2023, arXiv:2306.01708, Algorithm 1.
 */
export const ties = modelMethod<merge.TiesMerge>({
  summary: 'Trims task vectors, elects signs, averages what agrees',
  paper: 'arXiv:2306.01708',
  deviations:
    'As in mergekit, weights wᵢ, so the sign is that of Σ wᵢτᵢ and the mean is Σ wᵢτᵢ / Σ wᵢ over the ' +
    'agreeing; the division can be left out; max(1, int(ρn)) elements are kept of each tensor, not of the ' +
    'whole vector; a vote of zero is positive. Of equal magnitudes the earlier stays.',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  create({ density = 1, lambda = 1, normalize = true }, field) {
    checkFraction(density, `${field}.density`);
    checkFinite(lambda, `${field}.lambda`);
    return {
      mergeTensor: (tensor) => [
        { step: 'delta' },
        { step: 'keep_largest', counts: countsOf(tensor, (model) => model.density ?? density) },
        ...addTaskVectors(tensor.models, { signs: true, normalize, lambda }),
      ],
    };
  },
});
