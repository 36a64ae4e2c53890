import type { merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { modelMethod } from '../prepare/model-method.js';
import { searchSettings } from '../prepare/search/search-settings.js';
import { greedySoupPreparer } from '../prepare/soup/greedy-soup.js';
import { checkUnweighted } from '../steps/check-weights.js';
import { weightsOf } from '../steps/method-facts.js';

/**
 * Greedy soup: the uniform mean of the models that the search of prepare/soup/greedy-search.ts keeps. Wortsman et al. 2022, arXiv:2203.05482,
 * Recipe 1.
 */
export const greedySoup = modelMethod<merge.GreedySoup>({
  summary: 'Adds models, best first, while held-out accuracy does not fall',
  paper: 'arXiv:2203.05482',
  deviations: 'None. Weights of the request are not used.',
  checked: 'The choices of the search, by scores made for it.',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: true,
  create({ data, ...parameters }, field) {
    if (data === undefined || data.uri === '')
      throw invalidInput('FIELD_MISSING', `${field}.data`, 'is needed');
    const settings = searchSettings(parameters, field, []);
    return {
      check(models) {
        checkUnweighted(models, 'a greedy soup weighs its models equally');
      },
      preparer: greedySoupPreparer(data, settings, field),
      mergeTensor({ models }) {
        const weights = weightsOf(models);
        return [{ step: 'sum', divisor: 'weights', weights }];
      },
    };
  },
});
