import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkNotNegative } from '../steps/check-number.js';
import { columnBytes, mergeMatrices } from '../steps/task-matrices.js';

/**
 * WUDI-Merging: the task matrix τ that minimises Σ ‖(τ − τᵢ)τᵢᵀ‖² / ‖τᵢ‖², by Adam from Σ τᵢ. Cheng et al. 2025, arXiv:2503.08099; as in
 * FusionBench, vectors are averaged.
 */
export const wudi = modelMethod<merge.WudiMerge>({
  summary: 'Moves the sum of task matrices to where it interferes least with each',
  paper: 'arXiv:2503.08099',
  deviations:
    'Weights wᵢ of the task vectors; a task without a change takes no part, where FusionBench divides by ' +
    'zero; gradients are in f64; tensors of more than two dimensions are (first, rest).',
  checked: "FusionBench's own functions in float64, within 3e-7 of the largest value.",
  inputs: { base: 'required', minModels: 1 },
  matrixBytes: columnBytes,
  symmetric: true,
  create({ learningRate = 1e-5, iterations = 300 }, field) {
    checkNotNegative(learningRate, `${field}.learning_rate`);
    return {
      matrixOperations({ elements, shape: [out = 1], models }) {
        return (iterations + 2 * models.length) * elements * (elements / out);
      },
      mergeTensor: (tensor) =>
        mergeMatrices(tensor, columnBytes, { name: 'wudi', iterations, learning_rate: learningRate }, 1),
    };
  },
});
