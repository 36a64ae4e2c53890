import { checkFinite, checkFraction, checkWeightSum } from './check-number.js';
import { dropOutliers } from './masks.js';
import { defineMergeMethod, weightsOf } from './method.js';
import { addTaskVectors } from './task-vectors.js';

/**
 * Model Breadcrumbs: θ = θ₀ + λ·Σ wᵢ·mask(τᵢ), see `masks.ts`. Davari and Belilovsky 2023, arXiv:2312.06795.
 * Deviations: weights and the division by their sum, as in mergekit; the share ρ that stays is the parameter instead of the share β that
 * goes at the lower end; where γn + ρn > n fewer large elements go.
 */
export const breadcrumbs = defineMergeMethod({
  case: 'breadcrumbs',
  id: 'breadcrumbs',
  summary: 'Drops the largest and smallest elements of task vectors, adds',
  paper: 'arXiv:2312.06795',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  check({ density, gamma, lambda, normalize }, models) {
    checkFraction(density, 'breadcrumbs.density');
    checkFraction(gamma, 'breadcrumbs.gamma');
    checkFinite(lambda, 'breadcrumbs.lambda');
    if (normalize) checkWeightSum(weightsOf(models), 'models.weight');
  },
  mergeTensor: (tensor, { lambda = 1, normalize, ...masks }) => [
    ...dropOutliers(tensor, masks),
    ...addTaskVectors(tensor.models, { signs: false, normalize, lambda }),
  ],
});
