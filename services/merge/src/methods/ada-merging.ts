import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { adaMergingPreparer } from '../prepare/search/ada-merging.js';
import { searchSettings } from '../prepare/search/search-settings.js';
import { checkFraction, checkPositive } from '../steps/check-number.js';
import { checkUnweighted } from '../steps/check-weights.js';
import { addTaskVectors } from '../steps/task-vectors.js';

/**
 * AdaMerging: θ = θ₀ + Σᵢ λᵢτᵢ with one coefficient for each task vector, or for each task vector and tensor, that minimise the entropy
 * of the predictions for unlabelled examples of all tasks. Yang et al. 2023, arXiv:2310.02575; settings as in the authors' program
 * (EnnengYang/AdaMerging, main_layer_wise_adamerging.py): coefficients start at 0.3 and are held between 0 and 1, Adam with rate 1e-3,
 * 500 steps, the last coefficients.
 */
export const adaMerging = modelMethod<merge.AdaMerging>({
  summary: 'Adds task vectors with coefficients that make predictions for unlabelled examples certain',
  paper: 'arXiv:2310.02575',
  deviations:
    'A step takes one batch of 32 of each task, shuffled without replacement, where the program takes two ' +
    'of 16. "Layer-wise" means for each tensor, as there. Weights of the request are not used.',
  checked: 'Gradients by finite differences; coefficients on small models.',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  create({ taskWise, initial = 0.3, ...parameters }, field) {
    const settings = searchSettings(parameters, field, ['steps', 'learningRate']);
    checkPositive(settings.steps, `${field}.budget.steps`);
    checkFraction(initial, `${field}.initial`);
    return {
      check(models) {
        checkUnweighted(models, `${field} finds the weights itself`);
      },
      preparer: adaMergingPreparer({ taskWise, initial }, settings, field),
      mergeTensor: ({ models }) => [
        { step: 'delta' },
        ...addTaskVectors(models, { signs: false, normalize: false, lambda: 1 }),
      ],
    };
  },
});
