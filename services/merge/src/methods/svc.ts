import { invalidInput } from '@eigenloom/errors';

import { checkFinite } from './check-number.js';
import { defineMergeMethod, weightsOf } from './method.js';
import { isMatrix, spectralBytes, spectralOperations } from './task-matrices.js';

/**
 * Singular value calibration (SVC) of task arithmetic: what several tasks share is counted several times in the sum, so each singular
 * value σ of the merged task matrix becomes σ·K / Σᵢ max(α, sᵢ), sᵢ = ⟨uᵀΔ, uᵀΔᵢ⟩ / ‖uᵀΔᵢ‖². "When Shared Knowledge Hurts: Spectral
 * Over-Accumulation in Model Merging", arXiv:2602.05536; as in FusionBench.
 *
 * Deviations: of the merges that it can calibrate task arithmetic alone; a task without any response to u counts α; tensors of more
 * than two dimensions are (first, rest). Vectors are merged by task arithmetic.
 * Checked: FusionBench's own functions in float64, within 3e-7 of the largest value.
 */
export const svc = defineMergeMethod({
  case: 'svc',
  id: 'svc',
  summary: 'Adds task matrices and calibrates singular values that several tasks share',
  paper: 'arXiv:2602.05536',
  inputs: { base: 'required', minModels: 1 },
  matrixBytes: spectralBytes,
  symmetric: true,
  check({ alpha, lambda }) {
    if (alpha !== undefined && !(Number.isFinite(alpha) && alpha > 0)) {
      throw invalidInput('OUT_OF_RANGE', 'svc.alpha', `${alpha} is not above 0`);
    }
    checkFinite(lambda, 'svc.lambda');
  },
  matrixOperations: ({ shape, models }) => spectralOperations(shape, 1, 2 * models.length + 2),
  mergeTensor({ shape, models }, { alpha = 1, lambda = 1 }) {
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
});
