import { checkFraction } from './check-number.js';
import { checkEqualWeights, checkPositive, checkTextLength } from './check-search.js';
import { defineMergeMethod } from './method.js';
import { addTaskVectors } from './task-vectors.js';

/**
 * AdaMerging: θ = θ₀ + Σᵢ λᵢτᵢ with one coefficient for each task vector, or for each task vector and tensor, that minimise the entropy
 * of the predictions for unlabelled examples of all tasks. Yang et al. 2023, arXiv:2310.02575; settings as in the authors' program
 * (EnnengYang/AdaMerging, main_layer_wise_adamerging.py): coefficients start at 0.3 and are held between 0 and 1, Adam with rate 1e-3,
 * 500 steps, the last coefficients. Deviations: a step takes one batch of 32 of each task, shuffled without replacement, where the
 * program takes two of 16. "Layer-wise" means for each tensor, as there. Weights of the request are not used.
 * Checked: gradients by finite differences; coefficients on small models.
 */
export const adaMerging = defineMergeMethod({
  case: 'adaMerging',
  id: 'ada_merging',
  summary: 'Adds task vectors with coefficients that make predictions for unlabelled examples certain',
  paper: 'arXiv:2310.02575',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  check({ maxLength, learningRate, initial }, models) {
    checkTextLength(maxLength, 'ada_merging.max_length');
    checkPositive(learningRate, 'ada_merging.learning_rate');
    checkFraction(initial, 'ada_merging.initial');
    checkEqualWeights(models, 'ada_merging');
  },
  mergeTensor: ({ models }) => [
    { step: 'delta' },
    ...addTaskVectors(models, { signs: false, normalize: false, lambda: 1 }),
  ],
});
