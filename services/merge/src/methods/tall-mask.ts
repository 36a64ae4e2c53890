import type { merge } from '@eigenloom/contracts';
import type { MergeStep } from '@eigenloom/numeric';

import { modelMethod } from '../prepare/model-method.js';
import { checkNotNegative } from '../steps/check-number.js';
import { type ModelParameters, weightsOf } from '../steps/method-facts.js';

function addUp(models: readonly ModelParameters[]): MergeStep[] {
  const weights = weightsOf(models);
  return [{ step: 'delta' }, { step: 'weigh', weights }, { step: 'sum', divisor: 'one', weights }];
}

/**
 * TALL masks: the model is θ₀ + τ, τ the sum of the task vectors, and task i is read out of it by a mask of the elements that it needs,
 * |τᵢ| > λ·|τ − τᵢ|: `task_mask` makes θ₀ + mask ∘ τ. Wang et al. 2024, arXiv:2405.07813.
 */
export const tallMask = modelMethod<merge.TallMaskMerge>({
  summary: 'Adds task vectors and writes the mask by which each task is read out of the sum',
  paper: 'arXiv:2405.07813',
  deviations:
    'Weights wᵢ of the task vectors; one λ for all tasks, which the authors choose for each on held-out ' +
    "data; τ is the sum (the authors' code can take that of TIES too).",
  checked: "The authors' functions in float64, masks to the bit.",
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  create({ maskLambda = 0.4 }, field) {
    checkNotNegative(maskLambda, `${field}.mask_lambda`);
    return {
      masksOf: ({ models }) => ({
        steps: addUp(models),
        before: 2,
        needs: { name: 'nearer', lambda: maskLambda },
        rescaled: false,
      }),
      mergeTensor: ({ models }) => [...addUp(models), { step: 'add_base' }],
    };
  },
});
