import { checkFraction } from './check-number.js';
import { defineMergeMethod } from './method.js';

const MERGEKIT_SMALLEST = 1e-6;

/**
 * SCE: Select the elements whose variance over the task vectors is largest, Calculate weights from the mean squares of what is left,
 * Erase what disagrees with the elected sign, and add the weighted mean. Wan et al. 2024, arXiv:2408.07990.
 * Deviations: the share is of the elements that vary at all, as in mergekit; models have no weights of their own.
 * mergekit: mean squares that add up to less than 1e-6 count as equal, divisors below 1e-6 as that, and the count is rounded in f32.
 */
export const sce = defineMergeMethod({
  case: 'sce',
  id: 'sce',
  summary: 'Selects what varies most, weighs by energy, erases minority signs',
  paper: 'arXiv:2408.07990',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  check({ selectTopk }) {
    checkFraction(selectTopk, 'sce.select_topk');
  },
  mergeTensor({ mode }, { selectTopk = 1 }) {
    const smallest = mode === 'mergekit' ? MERGEKIT_SMALLEST : 0;
    return [
      { step: 'delta' },
      { step: 'keep_most_varied', share: selectTopk, count_in: mode === 'mergekit' ? 'f32' : 'f64' },
      { step: 'elect_sign' },
      { step: 'mean_by_energy', before: 2, smallest_sum: smallest, smallest_divisor: smallest },
      { step: 'add_base' },
    ];
  },
});
