import {
  checkNotNegative,
  checkTextLength,
  checkWeightSum,
  checkWeightsNotNegative,
} from './check-number.js';
import { defineMergeMethod, weightedMean, weightsOf } from './method.js';

const DEFAULT_FLOOR = 1e-6;

/**
 * Fisher-weighted mean: θ = Σ wᵢFᵢθᵢ / Σ wᵢFᵢ, element by element, Fᵢ the diagonal of the Fisher information of model i on its own
 * examples (statistics/fisher.ts) plus a floor. Matena and Raffel 2021, arXiv:2111.09832; the authors' program (mmatena/model_merging,
 * `merging.py`) for the floor and the division of the weights by the norms of the Fisher information. Deviations: the floor is added to
 * every model's, as in FusionBench, instead of a lower bound of the first model's; the norms are not divided by unless asked for.
 * A tensor that the likelihood does not depend on has no Fisher information and takes the weighted mean.
 * Checked: the information against torch in float64 within 1e-5, the merge against its formula.
 */
export const fisher = defineMergeMethod({
  case: 'fisher',
  id: 'fisher',
  summary: "Mean weighted by each model's Fisher information on its own data",
  paper: 'arXiv:2111.09832',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: true,
  check({ floor, maxLength }, models) {
    checkNotNegative(floor, 'fisher.floor');
    checkTextLength(maxLength, 'fisher.max_length');
    checkWeightsNotNegative(weightsOf(models), 'models.weight');
    checkWeightSum(weightsOf(models), 'models.weight');
  },
  mergeTensor({ models, statistics }, { floor = DEFAULT_FLOOR }) {
    const weights = weightsOf(models);
    return statistics ? [{ step: 'fisher_mean', weights, floor }] : weightedMean(weights);
  },
});
