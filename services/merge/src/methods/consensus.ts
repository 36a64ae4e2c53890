import type { merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite, checkNotNegative, checkPositive } from '../steps/check-number.js';
import { weightsOf } from '../steps/method-facts.js';

const MIN_TASKS = 2;

/**
 * Consensus merging: the sum τ of the task vectors without the elements that fewer than k tasks need. Task i needs an element where its
 * TALL mask is set, |τᵢ| > λₘ·|τ − τᵢ|. Wang et al. 2024, arXiv:2405.07813.
 */
export const consensus = modelMethod<merge.ConsensusMerge>({
  summary: 'Adds task vectors where enough tasks need the sum',
  paper: 'arXiv:2405.07813',
  deviations:
    'Weights wᵢ of the task vectors; one λₘ for all tasks, which the authors choose for each on held-out ' +
    "data; the vector that the masks are cut from is the sum (the authors' code can take that of TIES " +
    'too).',
  checked: "FusionBench's own functions in float64, within 3e-7 of the largest value.",
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  create({ maskLambda = 0.4, minTasks = MIN_TASKS, lambda = 1 }, field) {
    checkNotNegative(maskLambda, `${field}.mask_lambda`);
    checkPositive(minTasks, `${field}.min_tasks`);
    checkFinite(lambda, `${field}.lambda`);
    return {
      check(models) {
        if (minTasks > models.length) {
          throw invalidInput(
            'OUT_OF_RANGE',
            `${field}.min_tasks`,
            `${minTasks} are more than the ${models.length} models, so nothing would be merged`,
          );
        }
      },
      mergeTensor: ({ models }) => [
        { step: 'delta' },
        { step: 'weigh', weights: weightsOf(models) },
        { step: 'consensus', lambda: maskLambda, least: minTasks },
        { step: 'scale', factor: lambda },
        { step: 'add_base' },
      ],
    };
  },
});
