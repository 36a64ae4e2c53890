import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFraction } from '../steps/check-number.js';

const MERGEKIT_SMALLEST = 1e-6;

/**
 * SCE: Select the elements whose variance over the task vectors is largest, Calculate weights from the mean squares of what is left,
 * Erase what disagrees with the elected sign, and add the weighted mean. Wan et al. 2024, arXiv:2408.07990.
 */
export const sce = modelMethod<merge.SceMerge>({
  summary: 'Selects what varies most, weighs by energy, erases minority signs',
  paper: 'arXiv:2408.07990',
  deviations:
    'The share is of the elements that vary at all, as in mergekit; models have no weights of their own.',
  inMergekitMode:
    'Mean squares that add up to less than 1e-6 count as equal, divisors below 1e-6 as that, and the ' +
    'count is rounded in f32.',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  create({ selectTopk = 1 }, field) {
    checkFraction(selectTopk, `${field}.select_topk`);
    return {
      mergeTensor({ mode }) {
        const smallest = mode === 'mergekit' ? MERGEKIT_SMALLEST : 0;
        return [
          { step: 'delta' },
          { step: 'keep_most_varied', share: selectTopk, count_in: mode === 'mergekit' ? 'f32' : 'f64' },
          { step: 'elect_sign' },
          { step: 'mean_by_energy', before: 2, smallest_sum: smallest, smallest_divisor: smallest },
          { step: 'add_base' },
        ];
      },
    };
  },
});
