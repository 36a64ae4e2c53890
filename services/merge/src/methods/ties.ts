import { checkFinite, checkFraction } from './check-number.js';
import { defineMergeMethod } from './method.js';
import { addTaskVectors, countsOf } from './task-vectors.js';

/**
 * TIES-Merging: trim each task vector τᵢ to its largest magnitudes, elect a sign for each parameter, take the mean of those that
 * agree, θ = θ₀ + λ·τ. Yadav et al. 2023, arXiv:2306.01708, Algorithm 1.
 *
 * Deviations: as in mergekit, weights wᵢ, so the sign is that of Σ wᵢτᵢ and the mean is Σ wᵢτᵢ / Σ wᵢ over the agreeing; the
 * division can be left out; max(1, int(ρn)) elements are kept of each tensor, not of the whole vector; a vote of zero is positive. Of equal magnitudes the earlier stays.
 */
export const ties = defineMergeMethod({
  case: 'ties',
  id: 'ties',
  summary: 'Trims task vectors, elects signs, averages what agrees',
  paper: 'arXiv:2306.01708',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  check({ density, lambda }) {
    checkFraction(density, 'ties.density');
    checkFinite(lambda, 'ties.lambda');
  },
  mergeTensor: (tensor, { density = 1, lambda = 1, normalize = true }) => [
    { step: 'delta' },
    { step: 'keep_largest', counts: countsOf(tensor, (model) => model.density ?? density) },
    ...addTaskVectors(tensor.models, { signs: true, normalize, lambda }),
  ],
});
