import type { merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { modelMethod } from '../prepare/model-method.js';
import { learnedSoupPreparer } from '../prepare/search/learned-soup.js';
import { searchSettings } from '../prepare/search/search-settings.js';
import { checkUnweighted } from '../steps/check-weights.js';
import { weightsOf } from '../steps/method-facts.js';

/**
 * Learned soup: θ = Σ αᵢθᵢ for every tensor, α a softmax over the models, learned on held-out examples by the cross-entropy of β·scores
 * with β learned, too. Wortsman et al. 2022, arXiv:2203.05482; settings as in the authors' program (mlfoundations/model-soups,
 * learned_bylayer.py): AdamW with rate 0.05 and no decay, 5 epochs, the last weights, one α for each tensor and model.
 */
export const learnedSoup = modelMethod<merge.LearnedSoup>({
  summary: 'Weighs models, tensor by tensor, by weights learned on held-out data',
  paper: 'arXiv:2203.05482',
  deviations:
    'β is reported and not part of the model, whose predictions it does not change; batches of 32. ' +
    'Weights of the request are not used.',
  checked: 'Gradients by finite differences; better than equal weights on a case made for it.',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: true,
  create({ data, modelWise, ...parameters }, field) {
    if (data === undefined || data.uri === '')
      throw invalidInput('FIELD_MISSING', `${field}.data`, 'is needed');
    const settings = searchSettings(parameters, field, ['epochs', 'learningRate']);
    return {
      check(models) {
        checkUnweighted(models, `${field} finds the weights itself`);
      },
      preparer: learnedSoupPreparer(data, modelWise, settings, field),
      mergeTensor({ models }) {
        const weights = weightsOf(models);
        return [
          { step: 'weigh', weights },
          { step: 'sum', divisor: 'weights', weights },
        ];
      },
    };
  },
});
