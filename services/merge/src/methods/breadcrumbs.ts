import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite, checkFraction, checkWeightSum } from '../steps/check-number.js';
import { DEFAULT_GAMMA, dropOutliers } from '../steps/drop-outliers.js';
import { weightsOf } from '../steps/method-facts.js';
import { addTaskVectors } from '../steps/task-vectors.js';

/** Model Breadcrumbs: θ = θ₀ + λ·Σ wᵢ·mask(τᵢ), see steps/drop-outliers.ts. Davari and Belilovsky 2023, arXiv:2312.06795. */
export const breadcrumbs = modelMethod<merge.BreadcrumbsMerge>({
  summary: 'Drops the largest and smallest elements of task vectors, adds',
  paper: 'arXiv:2312.06795',
  deviations:
    'Weights and the division by their sum, as in mergekit; the share ρ that stays is the parameter ' +
    'instead of the share β that goes at the lower end; where γn + ρn > n fewer large elements go.',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  create({ density = 1, gamma = DEFAULT_GAMMA, lambda = 1, normalize }, field) {
    checkFraction(density, `${field}.density`);
    checkFraction(gamma, `${field}.gamma`);
    checkFinite(lambda, `${field}.lambda`);
    return {
      check(models) {
        if (normalize) checkWeightSum(weightsOf(models), 'models.weight');
      },
      mergeTensor: (tensor) => [
        ...dropOutliers(tensor, { density, gamma }),
        ...addTaskVectors(tensor.models, { signs: false, normalize, lambda }),
      ],
    };
  },
});
