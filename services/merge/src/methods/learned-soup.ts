import { checkEqualWeights, checkPositive, checkTextLength } from './check-search.js';
import { invalidInput } from '@eigenloom/errors';

import { defineMergeMethod, weightsOf } from './method.js';

/**
 * Learned soup: θ = Σ αᵢθᵢ for every tensor, α a softmax over the models, learned on held-out examples by the cross-entropy of β·scores
 * with β learned, too. Wortsman et al. 2022, arXiv:2203.05482; settings as in the authors' program (mlfoundations/model-soups,
 * learned_bylayer.py): AdamW with rate 0.05 and no decay, 5 epochs, the last weights, one α for each tensor and model. Deviations: β
 * is reported and not part of the model, whose predictions it does not change; batches of 32. Weights of the request are not used.
 * Checked: gradients by finite differences; better than equal weights on a case made for it.
 */
export const learnedSoup = defineMergeMethod({
  case: 'learnedSoup',
  id: 'learned_soup',
  summary: 'Weighs models, tensor by tensor, by weights learned on held-out data',
  paper: 'arXiv:2203.05482',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: true,
  check({ data, maxLength, learningRate }, models) {
    if (data === undefined || data.uri === '')
      throw invalidInput('FIELD_MISSING', 'learned_soup.data', 'is needed');
    checkTextLength(maxLength, 'learned_soup.max_length');
    checkPositive(learningRate, 'learned_soup.learning_rate');
    checkEqualWeights(models, 'learned_soup');
  },
  mergeTensor({ models }) {
    const weights = weightsOf(models);
    return [
      { step: 'weigh', weights },
      { step: 'sum', divisor: 'weights', weights },
    ];
  },
});
