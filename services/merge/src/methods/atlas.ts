import type { merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { modelMethod } from '../prepare/model-method.js';
import { atlasPreparer } from '../prepare/search/atlas.js';
import { searchSettings } from '../prepare/search/search-settings.js';
import { checkFraction, checkNotNegative } from '../steps/check-number.js';
import { checkUnweighted } from '../steps/check-weights.js';
import { addTaskVectors } from '../steps/task-vectors.js';

/**
 * aTLAS: θ = θ₀ + Σᵢ Λᵢτᵢ with one coefficient for each task vector and tensor, learned from examples. Zhang et al. 2024,
 * arXiv:2407.02880; settings as in the authors' program (fredzzhang/atlas, learn_task_addition.py, learn_task_negation.py,
 * learn_few_shots.py): coefficients start at 0, AdamW with decay 0.1, gradients clipped at norm 1, the coefficients of the best epoch.
 */
export const atlas = modelMethod<merge.AtlasMerge>({
  summary: 'Adds task vectors with coefficients, tensor by tensor, learned from examples',
  paper: 'arXiv:2407.02880',
  deviations:
    "Of epochs that are equally accurate the one with the lower loss counts; the base's coefficients are " +
    'kept where no epoch is better; at test time the entropy of the predictions is minimised and the last ' +
    'coefficients are kept (the program has pseudo-labels for augmented images there, and looks at test ' +
    'labels). Weights of the request are not used.',
  checked: 'Gradients by finite differences; the rules that choose epochs and end negation.',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  create(parameters, field) {
    const { objective, weightDecay = 0.1, penaltyNorm, controlThreshold = 0.95 } = parameters;
    const settings = searchSettings(parameters, field, ['epochs', 'learningRate']);
    checkNotNegative(weightDecay, `${field}.weight_decay`);
    checkFraction(controlThreshold, `${field}.control_threshold`);
    if (penaltyNorm !== undefined && !(penaltyNorm >= 1 && Number.isFinite(penaltyNorm))) {
      throw invalidInput(
        'OUT_OF_RANGE',
        `${field}.penalty_norm`,
        `${penaltyNorm} is not a number of 1 or more`,
      );
    }
    return {
      check(models) {
        checkUnweighted(models, `${field} finds the weights itself`);
      },
      preparer: atlasPreparer({ objective, weightDecay, penaltyNorm, controlThreshold }, settings, field),
      mergeTensor: ({ models }) => [
        { step: 'delta' },
        ...addTaskVectors(models, { signs: false, normalize: false, lambda: 1 }),
      ],
    };
  },
});
