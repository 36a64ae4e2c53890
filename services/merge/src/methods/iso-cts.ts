import { checkFinite, checkFraction } from './check-number.js';
import { defineMergeMethod } from './method.js';
import { mergeMatrices, spectralBytes, spectralOperations } from './task-matrices.js';

/**
 * Iso-CTS: the main directions of the sum of the task matrices, and in place of the others the main directions of what each task has
 * outside their column space; all made orthogonal, with the mean of their singular values. Marczak et al. 2025, arXiv:2502.04959; as in
 * FusionBench.
 *
 * Deviations: those of `iso_c`; vectors that depend on each other are shared out equally.
 * Checked: FusionBench's own functions in float64, within 3e-7 of the largest value.
 */
export const isoCts = defineMergeMethod({
  case: 'isoCts',
  id: 'iso_cts',
  summary: 'Joins common and task-specific directions with equal singular values',
  paper: 'arXiv:2502.04959',
  inputs: { base: 'required', minModels: 1 },
  matrixBytes: spectralBytes,
  symmetric: true,
  check({ lambda, commonFraction }) {
    checkFinite(lambda, 'iso_cts.lambda');
    checkFraction(commonFraction, 'iso_cts.common_fraction');
  },
  matrixOperations: ({ shape, models }) =>
    spectralOperations(shape, models.length + 3, 4 * models.length + 4),
  mergeTensor: (tensor, { lambda = 1, commonFraction = 0.8 }) =>
    mergeMatrices(tensor, spectralBytes, { name: 'iso_cts', common_fraction: commonFraction }, lambda),
});
