import { invalidInput } from '@eigenloom/errors';

import { checkTextLength } from './check-number.js';
import { defineMergeMethod, weightsOf } from './method.js';

/**
 * Greedy soup: the uniform mean of the models that the search of `soup/greedy-search.ts` keeps. Wortsman et al. 2022,
 * arXiv:2203.05482, Recipe 1. Deviations: none. Weights of the request are not used. Checked: the choices of the search, by scores made for it.
 */
export const greedySoup = defineMergeMethod({
  case: 'greedySoup',
  id: 'greedy_soup',
  summary: 'Adds models, best first, while held-out accuracy does not fall',
  paper: 'arXiv:2203.05482',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: true,
  check({ data, maxLength }, models) {
    if (data === undefined || data.uri === '')
      throw invalidInput('FIELD_MISSING', 'greedy_soup.data', 'is needed');
    checkTextLength(maxLength, 'greedy_soup.max_length');
    if (models.some(({ weight }) => weight !== 1)) {
      throw invalidInput('OUT_OF_RANGE', 'models.weight', 'a greedy soup weighs its models equally');
    }
  },
  mergeTensor({ models }) {
    const weights = weightsOf(models);
    return [{ step: 'sum', divisor: 'weights', weights }];
  },
});
