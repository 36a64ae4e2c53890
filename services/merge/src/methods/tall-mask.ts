import type { MergeStep } from '@eigenloom/numeric';

import { checkNotNegative } from './check-number.js';
import { defineMergeMethod, type ModelParameters, weightsOf } from './method.js';

function addUp(models: readonly ModelParameters[]): MergeStep[] {
  const weights = weightsOf(models);
  return [{ step: 'delta' }, { step: 'weigh', weights }, { step: 'sum', divisor: 'one', weights }];
}

/**
 * TALL masks: the model is θ₀ + τ, τ the sum of the task vectors, and task i is read out of it by a mask of the elements that it needs,
 * |τᵢ| > λ·|τ − τᵢ|: `task_mask` makes θ₀ + mask ∘ τ. Wang et al. 2024, arXiv:2405.07813.
 * Deviations: weights wᵢ of the task vectors; one λ for all tasks, which the authors choose for each on held-out data; τ is the sum (the
 * authors' code can take that of TIES too).
 * Checked: the authors' functions in float64, masks to the bit.
 */
export const tallMask = defineMergeMethod({
  case: 'tallMask',
  id: 'tall_mask',
  summary: 'Adds task vectors and writes the mask by which each task is read out of the sum',
  paper: 'arXiv:2405.07813',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  check({ maskLambda }) {
    checkNotNegative(maskLambda, 'tall_mask.mask_lambda');
  },
  masksOf: ({ models }, { maskLambda = 0.4 }) => ({
    steps: addUp(models),
    before: 2,
    needs: { name: 'nearer', lambda: maskLambda },
    rescaled: false,
  }),
  mergeTensor: ({ models }) => [...addUp(models), { step: 'add_base' }],
});
