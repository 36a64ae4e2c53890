import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { weightsOf } from '../steps/method-facts.js';
import { NEARLY_PARALLEL } from '../steps/nearly-parallel.js';

/** Weights that add up to less count as equal, as in mergekit. */
const SMALLEST_SUM = 1e-6;

/**
 * slerp with t = w₂/(w₁ + w₂), of the task vectors where a base is given, on the whole tensor or on each row or column. From mergekit
 * (arXiv:2403.13257), which has no paper for it; Shoemake 1985 for slerp itself.
 */
export const nuslerp = modelMethod<merge.NuslerpMerge>({
  summary: 'Spherical interpolation by weights, of models or task vectors',
  paper: 'arXiv:2403.13257',
  deviations:
    "None. mergekit's name for the columns of the stored matrix is row_wise; it ignores row_wise with " +
    'flatten, and so does this.',
  inputs: { base: 'used', minModels: 2, maxModels: 2 },
  symmetric: true,
  create: ({ flatten = true, rowWise }) => ({
    mergeTensor({ models, shape }) {
      const [first = 1, second = 1] = weightsOf(models);
      const t = Math.abs(first + second) < SMALLEST_SUM ? 0.5 : second / (first + second);
      const lines = rowWise ? 'columns' : 'rows';
      return [
        { step: 'delta', base: 'if_given' },
        {
          step: 'combine',
          rule: { name: 'slerp', t, linear_above: NEARLY_PARALLEL },
          along: flatten || shape.length < 2 ? 'tensor' : lines,
        },
        { step: 'add_base', base: 'if_given' },
      ];
    },
  }),
});
