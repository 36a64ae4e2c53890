import type { merge } from '@eigenloom/contracts';
import type { MergeStep } from '@eigenloom/numeric';

import { modelMethod } from '../prepare/model-method.js';
import { checkFraction } from '../steps/check-number.js';
import { weightsOf } from '../steps/method-facts.js';
import { isMatrix, spectralBytes, spectralOperations } from '../steps/task-matrices.js';

/** A matrix in f64 beside the rest: what is merged so far. */
const opcmBytes = (out: number, columns: number): number => spectralBytes(out, columns) + 8 * out * columns;

/**
 * Orthogonal projection-based continual merging (OPCM): models come one after the other, and each next task matrix loses its components
 * along the dominant singular directions of what is merged so far, and those along its other pairs (uᵢ, vᵢ). The sum is scaled to the
 * mean length of the task vectors. Tang et al. 2025, arXiv:2501.09522; as in FusionBench.
 */
export const opcm = modelMethod<merge.OpcmMerge>({
  summary: 'Adds task matrices in order, each without what lies along those before',
  paper: 'arXiv:2501.09522',
  deviations:
    'Lengths are of the tensor instead of the whole model; weights wᵢ of the task vectors; tensors of ' +
    'more than two dimensions are (first, rest). Of vectors nothing is taken away.',
  checked: "FusionBench's own functions in float64, within 3e-7 of the largest value.",
  inputs: { base: 'required', minModels: 1 },
  matrixBytes: opcmBytes,
  symmetric: false,
  create({ alpha = 0.5 }, field) {
    checkFraction(alpha, `${field}.alpha`);
    return {
      matrixOperations: ({ shape, models }) =>
        spectralOperations(shape, models.length - 1, 3 * (models.length - 1)),
      mergeTensor({ shape, models }) {
        const weights = weightsOf(models);
        const join: MergeStep = isMatrix(shape, opcmBytes)
          ? { step: 'matrix', rule: { name: 'opcm', alpha } }
          : { step: 'sum', divisor: 'one', weights };
        return [
          { step: 'delta' },
          { step: 'weigh', weights },
          join,
          // To the lengths before step 2, the join.
          { step: 'match_mean_norm', before: 2 },
          { step: 'add_base' },
        ];
      },
    };
  },
});
