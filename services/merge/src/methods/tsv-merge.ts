import { checkFinite } from './check-number.js';
import { defineMergeMethod } from './method.js';
import { mergeMatrices, spectralBytes, spectralOperations } from './task-matrices.js';

/**
 * TSV-Merge (TSV-M): of each of N task matrices the first 1/N of its singular triplets; their left and right vectors, side by side, are
 * replaced by the nearest orthogonal ones. Gargiulo et al. 2025, arXiv:2412.00081; as in FusionBench.
 *
 * Deviations: weights wᵢ of the task vectors; a triplet at least of each task, and none with a singular value of zero, whose vectors
 * would be arbitrary; vectors that depend on each other are shared out equally; tensors of more than two dimensions are (first, rest).
 * Checked: FusionBench's own functions in float64, within 3e-7 of the largest value.
 */
export const tsvMerge = defineMergeMethod({
  case: 'tsvMerge',
  id: 'tsv_merge',
  summary: 'Adds the main singular triplets of task matrices, made orthogonal',
  paper: 'arXiv:2412.00081',
  inputs: { base: 'required', minModels: 1 },
  matrixBytes: spectralBytes,
  symmetric: true,
  check({ lambda }) {
    checkFinite(lambda, 'tsv_merge.lambda');
  },
  matrixOperations: ({ shape, models }) =>
    spectralOperations(shape, models.length + 2, 2 * models.length + 3),
  mergeTensor: (tensor, { lambda = 1 }) =>
    mergeMatrices(tensor, spectralBytes, { name: 'tsv_merge' }, lambda),
});
