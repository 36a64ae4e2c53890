import { invalidInput } from '@eigenloom/errors';

import { checkFraction, checkNotNegative } from './check-number.js';
import { checkEqualWeights, checkPositive, checkTextLength } from './check-search.js';
import { defineMergeMethod } from './method.js';
import { addTaskVectors } from './task-vectors.js';

/**
 * aTLAS: θ = θ₀ + Σᵢ Λᵢτᵢ with one coefficient for each task vector and tensor, learned from examples. Zhang et al. 2024,
 * arXiv:2407.02880; settings as in the authors' program (fredzzhang/atlas, learn_task_addition.py, learn_task_negation.py,
 * learn_few_shots.py): coefficients start at 0, AdamW with decay 0.1, gradients clipped at norm 1, the coefficients of the best epoch.
 * Deviations: of epochs that are equally accurate the one with the lower loss counts; the base's coefficients are kept where no epoch is
 * better; at test time the entropy of the predictions is minimised and the last coefficients are kept (the program has pseudo-labels for
 * augmented images there, and looks at test labels). Weights of the request are not used.
 * Checked: gradients by finite differences; the rules that choose epochs and end negation.
 */
export const atlas = defineMergeMethod({
  case: 'atlas',
  id: 'atlas',
  summary: 'Adds task vectors with coefficients, tensor by tensor, learned from examples',
  paper: 'arXiv:2407.02880',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  check({ maxLength, learningRate, weightDecay, penaltyNorm, controlThreshold }, models) {
    checkTextLength(maxLength, 'atlas.max_length');
    checkPositive(learningRate, 'atlas.learning_rate');
    checkNotNegative(weightDecay, 'atlas.weight_decay');
    checkFraction(controlThreshold, 'atlas.control_threshold');
    if (penaltyNorm !== 0 && !(penaltyNorm >= 1 && Number.isFinite(penaltyNorm)))
      throw invalidInput('OUT_OF_RANGE', 'atlas.penalty_norm', 'is neither 0 nor a number of 1 or more');
    checkEqualWeights(models, 'atlas');
  },
  mergeTensor: ({ models }) => [
    { step: 'delta' },
    ...addTaskVectors(models, { signs: false, normalize: false, lambda: 1 }),
  ],
});
