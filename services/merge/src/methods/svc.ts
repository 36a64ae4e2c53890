import type { merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite } from '../steps/check-number.js';
import { weightsOf } from '../steps/method-facts.js';
import { isMatrix, spectralBytes, spectralOperations } from '../steps/task-matrices.js';

/**
 * Singular value calibration (SVC) of task arithmetic: what several tasks share is counted several times in the sum, so each singular
 * value σ of the merged task matrix becomes σ·K / Σᵢ max(α, sᵢ), sᵢ = ⟨uᵀΔ, uᵀΔᵢ⟩ / ‖uᵀΔᵢ‖². "When Shared Knowledge Hurts: Spectral
 * Over-Accumulation in Model Merging", arXiv:2602.05536; as in FusionBench.
 */
export const svc = modelMethod<merge.SvcMerge>({
  summary: 'Adds task matrices and calibrates singular values that several tasks share',
  paper: 'arXiv:2602.05536',
  deviations:
    'Of the merges that it can calibrate task arithmetic alone; a task without any response to u counts ' +
    'α; tensors of more than two dimensions are (first, rest). Vectors are merged by task arithmetic.',
  checked: "FusionBench's own functions in float64, within 3e-7 of the largest value.",
  inputs: { base: 'required', minModels: 1 },
  matrixBytes: spectralBytes,
  symmetric: true,
  create({ alpha = 1, lambda = 1 }, field) {
    if (!(Number.isFinite(alpha) && alpha > 0)) {
      throw invalidInput('OUT_OF_RANGE', `${field}.alpha`, `${alpha} is not above 0`);
    }
    checkFinite(lambda, `${field}.lambda`);
    return {
      matrixOperations: ({ shape, models }) => spectralOperations(shape, 1, 2 * models.length + 2),
      mergeTensor({ shape, models }) {
        const weights = weightsOf(models).map((weight) => lambda * weight);
        if (!isMatrix(shape, spectralBytes)) {
          return [
            { step: 'delta' },
            { step: 'weigh', weights },
            { step: 'sum', divisor: 'one', weights },
            { step: 'add_base' },
          ];
        }
        return [
          { step: 'delta' },
          { step: 'matrix', rule: { name: 'svc', alpha, weights } },
          { step: 'add_base' },
        ];
      },
    };
  },
});
