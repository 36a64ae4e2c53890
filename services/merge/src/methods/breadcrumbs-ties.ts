import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite, checkFraction } from '../steps/check-number.js';
import { DEFAULT_GAMMA, dropOutliers } from '../steps/drop-outliers.js';
import { addTaskVectors } from '../steps/task-vectors.js';

/**
 * Model Breadcrumbs (steps/drop-outliers.ts) before the election of signs of TIES. Davari and Belilovsky 2023, arXiv:2312.06795, and
 * Yadav et al. 2023, arXiv:2306.01708.
 */
export const breadcrumbsTies = modelMethod<merge.BreadcrumbsTiesMerge>({
  summary: 'Drops the largest and smallest elements of task vectors, elects signs',
  paper: 'arXiv:2312.06795',
  deviations: 'Those of `breadcrumbs` and `ties`; the sum is not divided unless asked for, as in mergekit.',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  create({ density = 1, gamma = DEFAULT_GAMMA, lambda = 1, normalize }, field) {
    checkFraction(density, `${field}.density`);
    checkFraction(gamma, `${field}.gamma`);
    checkFinite(lambda, `${field}.lambda`);
    return {
      mergeTensor: (tensor) => [
        ...dropOutliers(tensor, { density, gamma }),
        ...addTaskVectors(tensor.models, { signs: true, normalize, lambda }),
      ],
    };
  },
});
