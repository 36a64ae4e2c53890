import { checkFinite } from './check-number.js';
import { defineMergeMethod } from './method.js';
import { mergeMatrices, spectralBytes, spectralOperations } from './task-matrices.js';

/**
 * Iso-C: the sum of the task matrices with all its singular values set to their mean. Marczak et al. 2025, arXiv:2502.04959; as in
 * FusionBench.
 *
 * Deviations: weights wᵢ of the task vectors; the mean is over the singular values that are not zero, since the vectors of the others are
 * arbitrary; tensors of more than two dimensions are (first, rest).
 * Checked: FusionBench's own functions in float64, within 3e-7 of the largest value.
 */
export const isoC = defineMergeMethod({
  case: 'isoC',
  id: 'iso_c',
  summary: 'Adds task matrices and makes all singular values equal',
  paper: 'arXiv:2502.04959',
  inputs: { base: 'required', minModels: 1 },
  matrixBytes: spectralBytes,
  symmetric: true,
  check({ lambda }) {
    checkFinite(lambda, 'iso_c.lambda');
  },
  matrixOperations: ({ shape }) => spectralOperations(shape, 1, 2),
  mergeTensor: (tensor, { lambda = 1 }) => mergeMatrices(tensor, spectralBytes, { name: 'iso_c' }, lambda),
});
