import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite } from '../steps/check-number.js';
import { mergeMatrices, spectralBytes, spectralOperations } from '../steps/task-matrices.js';

/**
 * TSV-Merge (TSV-M): of each of N task matrices the first 1/N of its singular triplets; their left and right vectors, side by side, are
 * replaced by the nearest orthogonal ones. Gargiulo et al. 2025, arXiv:2412.00081; as in FusionBench.
 */
export const tsvMerge = modelMethod<merge.TsvMerge>({
  summary: 'Adds the main singular triplets of task matrices, made orthogonal',
  paper: 'arXiv:2412.00081',
  deviations:
    'Weights wᵢ of the task vectors; a triplet at least of each task, and none with a singular value of ' +
    'zero, whose vectors would be arbitrary; vectors that depend on each other are shared out equally; ' +
    'tensors of more than two dimensions are (first, rest).',
  checked: "FusionBench's own functions in float64, within 3e-7 of the largest value.",
  inputs: { base: 'required', minModels: 1 },
  matrixBytes: spectralBytes,
  symmetric: true,
  create({ lambda = 1 }, field) {
    checkFinite(lambda, `${field}.lambda`);
    return {
      matrixOperations: ({ shape, models }) =>
        spectralOperations(shape, models.length + 2, 2 * models.length + 3),
      mergeTensor: (tensor) => mergeMatrices(tensor, spectralBytes, { name: 'tsv_merge' }, lambda),
    };
  },
});
