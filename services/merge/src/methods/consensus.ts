import { invalidInput } from '@eigenloom/errors';

import { checkFinite, checkNotNegative } from './check-number.js';
import { defineMergeMethod, weightsOf } from './method.js';

const LEAST_TASKS = 2;

/**
 * Consensus merging: the sum τ of the task vectors without the elements that fewer than k tasks need. Task i needs an element where its
 * TALL mask is set, |τᵢ| > λₘ·|τ − τᵢ|. Wang et al. 2024, arXiv:2405.07813.
 * Deviations: weights wᵢ of the task vectors; one λₘ for all tasks, which the authors choose for each on held-out data; the vector that the
 * masks are cut from is the sum (the authors' code can take that of TIES too).
 * Checked: FusionBench's own functions in float64, within 3e-7 of the largest value.
 */
export const consensus = defineMergeMethod({
  case: 'consensus',
  id: 'consensus',
  summary: 'Adds task vectors where enough tasks need the sum',
  paper: 'arXiv:2405.07813',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  check({ maskLambda, leastTasks, lambda }, models) {
    checkNotNegative(maskLambda, 'consensus.mask_lambda');
    checkFinite(lambda, 'consensus.lambda');
    if ((leastTasks ?? LEAST_TASKS) > models.length) {
      throw invalidInput(
        'OUT_OF_RANGE',
        'consensus.least_tasks',
        `${leastTasks ?? LEAST_TASKS} are more than the ${models.length} models, so nothing would be merged`,
      );
    }
  },
  mergeTensor: ({ models }, { maskLambda = 0.4, leastTasks = LEAST_TASKS, lambda = 1 }) => [
    { step: 'delta' },
    { step: 'weigh', weights: weightsOf(models) },
    { step: 'consensus', lambda: maskLambda, least: leastTasks },
    { step: 'scale', factor: lambda },
    { step: 'add_base' },
  ],
});
