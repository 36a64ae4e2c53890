import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite } from '../steps/check-number.js';
import { mergeMatrices, spectralBytes, spectralOperations } from '../steps/task-matrices.js';

/**
 * Iso-C: the sum of the task matrices with all its singular values set to their mean. Marczak et al. 2025, arXiv:2502.04959; as in
 * FusionBench.
 */
export const isoC = modelMethod<merge.IsoCMerge>({
  summary: 'Adds task matrices and makes all singular values equal',
  paper: 'arXiv:2502.04959',
  deviations:
    'Weights wᵢ of the task vectors; the mean is over the singular values that are not zero, since the ' +
    'vectors of the others are arbitrary; tensors of more than two dimensions are (first, rest).',
  checked: "FusionBench's own functions in float64, within 3e-7 of the largest value.",
  inputs: { base: 'required', minModels: 1 },
  matrixBytes: spectralBytes,
  symmetric: true,
  create({ lambda = 1 }, field) {
    checkFinite(lambda, `${field}.lambda`);
    return {
      matrixOperations: ({ shape }) => spectralOperations(shape, 1, 2),
      mergeTensor: (tensor) => mergeMatrices(tensor, spectralBytes, { name: 'iso_c' }, lambda),
    };
  },
});
