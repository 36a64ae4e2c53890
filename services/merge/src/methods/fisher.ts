import type { merge } from '@eigenloom/contracts';

import { fisherPreparer } from '../prepare/fisher.js';
import { modelMethod } from '../prepare/model-method.js';
import { DEFAULT_EXAMPLES } from '../prepare/statistics/statistics-of.js';
import {
  checkNotNegative,
  checkPositive,
  checkTextLength,
  checkWeightSum,
  checkWeightsNotNegative,
} from '../steps/check-number.js';
import { weightsOf } from '../steps/method-facts.js';
import { weightedMean } from '../steps/tensor-method.js';

const DEFAULT_FLOOR = 1e-6;

/**
 * Fisher-weighted mean: θ = Σ wᵢFᵢθᵢ / Σ wᵢFᵢ, element by element, Fᵢ the diagonal of the Fisher information of model i on its own
 * examples (prepare/statistics/fisher.ts) plus a floor. Matena and Raffel 2021, arXiv:2111.09832; the authors' program (mmatena/model_merging,
 * `merging.py`) for the floor and the division of the weights by the norms of the Fisher information.
 */
export const fisher = modelMethod<merge.FisherMerge>({
  summary: "Mean weighted by each model's Fisher information on its own data",
  paper: 'arXiv:2111.09832',
  deviations:
    "The floor is added to every model's, as in FusionBench, instead of a lower bound of the first " +
    "model's; the norms are not divided by unless asked for. A tensor that the likelihood does not depend " +
    'on has no Fisher information and takes the weighted mean.',
  checked: 'The information against torch in float64 within 1e-5, the merge against its formula.',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: true,
  create({ floor = DEFAULT_FLOOR, examples = DEFAULT_EXAMPLES, maxLength, labels, normalize }, field) {
    checkNotNegative(floor, `${field}.floor`);
    checkPositive(examples, `${field}.examples`);
    checkTextLength(maxLength, `${field}.max_length`);
    return {
      check(models) {
        checkWeightsNotNegative(weightsOf(models), 'models.weight');
        checkWeightSum(weightsOf(models), 'models.weight');
      },
      preparer: fisherPreparer({ labels, normalize, reading: { examples, maxLength } }, field),
      mergeTensor({ models, statistics }) {
        const weights = weightsOf(models);
        return statistics ? [{ step: 'fisher_mean', weights, floor }] : weightedMean(weights);
      },
    };
  },
});
