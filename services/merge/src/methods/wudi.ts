import { checkNotNegative } from './check-number.js';
import { defineMergeMethod } from './method.js';
import { columnBytes, mergeMatrices } from './task-matrices.js';

/**
 * WUDI-Merging: the task matrix τ that minimises Σ ‖(τ − τᵢ)τᵢᵀ‖² / ‖τᵢ‖², by Adam from Σ τᵢ. Cheng et al. 2025, arXiv:2503.08099; as in
 * FusionBench, vectors are averaged.
 *
 * Deviations: weights wᵢ of the task vectors; a task without a change takes no part, where FusionBench divides by zero; gradients are in
 * f64; tensors of more than two dimensions are (first, rest).
 * Checked: FusionBench's own functions in float64, within 3e-7 of the largest value.
 */
export const wudi = defineMergeMethod({
  case: 'wudi',
  id: 'wudi',
  summary: 'Moves the sum of task matrices to where it interferes least with each',
  paper: 'arXiv:2503.08099',
  inputs: { base: 'required', minModels: 1 },
  matrixBytes: columnBytes,
  symmetric: true,
  check({ learningRate }) {
    checkNotNegative(learningRate, 'wudi.learning_rate');
  },
  matrixOperations({ elements, shape: [out = 1], models }, { iterations = 300 }) {
    return (iterations + 2 * models.length) * elements * (elements / out);
  },
  mergeTensor: (tensor, { iterations = 300, learningRate = 1e-5 }) =>
    mergeMatrices(tensor, columnBytes, { name: 'wudi', iterations, learning_rate: learningRate }, 1),
});
