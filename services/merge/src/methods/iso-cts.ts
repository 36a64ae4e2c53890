import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite, checkFraction } from '../steps/check-number.js';
import { mergeMatrices, spectralBytes, spectralOperations } from '../steps/task-matrices.js';

/**
 * Iso-CTS: the main directions of the sum of the task matrices, and in place of the others the main directions of what each task has
 * outside their column space; all made orthogonal, with the mean of their singular values. Marczak et al. 2025, arXiv:2502.04959; as in
 * FusionBench.
 */
export const isoCts = modelMethod<merge.IsoCtsMerge>({
  summary: 'Joins common and task-specific directions with equal singular values',
  paper: 'arXiv:2502.04959',
  deviations: 'Those of `iso_c`; vectors that depend on each other are shared out equally.',
  checked: "FusionBench's own functions in float64, within 3e-7 of the largest value.",
  inputs: { base: 'required', minModels: 1 },
  matrixBytes: spectralBytes,
  symmetric: true,
  create({ lambda = 1, commonFraction = 0.8 }, field) {
    checkFinite(lambda, `${field}.lambda`);
    checkFraction(commonFraction, `${field}.common_fraction`);
    return {
      matrixOperations: ({ shape, models }) =>
        spectralOperations(shape, models.length + 3, 4 * models.length + 4),
      mergeTensor: (tensor) =>
        mergeMatrices(tensor, spectralBytes, { name: 'iso_cts', common_fraction: commonFraction }, lambda),
    };
  },
});
