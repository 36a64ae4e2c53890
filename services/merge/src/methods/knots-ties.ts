import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite, checkShare } from '../steps/check-number.js';
import { weightsOf } from '../steps/method-facts.js';
import { isMatrix, spectralBytes, spectralOperations } from '../steps/task-matrices.js';
import { addTaskVectors, countsOf } from '../steps/task-vectors.js';

/**
 * KnOTS-TIES: the task matrices side by side are U·Σ·[V₁ … Vₙ]ᵀ; TIES merges the ΣVᵢᵀ, which are in coordinates that all tasks share,
 * and U turns the result back. Stoica et al. 2024, arXiv:2410.19735, on full weights. A linear merge would be the same without U.
 */
export const knotsTies = modelMethod<merge.KnotsTiesMerge>({
  summary: 'Turns task matrices to shared singular vectors and merges them by TIES',
  paper: 'arXiv:2410.19735',
  deviations:
    'Those of `ties`; the matrices lie along their longer sides, so that the shorter is shared (the ' +
    "authors' code has both, as `concat_across_output`); singular values count as zero relative to the " +
    'largest instead of below 1e-5; tensors of more than two dimensions are (first, rest), vectors are ' +
    'merged by `ties`.',
  checked: "The authors' own functions in float64, within 3e-7 of the largest value.",
  inputs: { base: 'required', minModels: 1 },
  matrixBytes: spectralBytes,
  symmetric: true,
  create({ density = 1, lambda = 1, normalize = true }, field) {
    checkShare(density, `${field}.density`);
    checkFinite(lambda, `${field}.lambda`);
    return {
      matrixOperations: ({ shape, models }) => spectralOperations(shape, 1, 3 * models.length + 1),
      mergeTensor(tensor) {
        const { shape, models } = tensor;
        const densities = models.map((model) => model.density ?? density);
        const weights = weightsOf(models);
        if (!isMatrix(shape, spectralBytes)) {
          return [
            { step: 'delta' },
            { step: 'keep_largest', counts: countsOf(tensor, (model) => model.density ?? density) },
            ...addTaskVectors(models, { signs: true, normalize, lambda }),
          ];
        }
        return [
          { step: 'delta' },
          { step: 'matrix', rule: { name: 'knots_ties', densities, weights, normalize } },
          { step: 'scale', factor: lambda },
          { step: 'add_base' },
        ];
      },
    };
  },
});
