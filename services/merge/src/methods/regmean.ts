import { checkFraction, checkTextLength, checkWeightSum, checkWeightsNotNegative } from './check-number.js';
import { defineMergeMethod, weightedMean, weightsOf } from './method.js';

const DEFAULT_ALPHA = 0.9;

/**
 * RegMean: for each linear module W = (Σ wᵢĜᵢ)⁻¹ Σ wᵢĜᵢWᵢᵀ, transposed, Ĝ = α·G + (1−α)·diag(G), G the Gram matrix of the module's
 * inputs on the model's own examples (statistics/gram.ts). Jin et al. 2022, arXiv:2212.09849; weights and the default of α as in the
 * authors' program (bloomberg/dataless-model-merging; its runs have 0.9 or 0.1). What is no linear module of the layers or the
 * classification head (embeddings, norms, biases, a language head) takes the weighted mean. Deviation: the weighted mean divides by
 * the sum of the weights.
 * Checked: Gram matrices against XᵀX within 2e-6, the merge by its normal equations.
 */
export const regmean = defineMergeMethod({
  case: 'regmean',
  id: 'regmean',
  summary: "Least-squares fit of each linear module to every model's outputs on its own data",
  paper: 'arXiv:2212.09849',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: true,
  check({ alpha, maxLength }, models) {
    checkFraction(alpha, 'regmean.alpha');
    checkTextLength(maxLength, 'regmean.max_length');
    checkWeightsNotNegative(weightsOf(models), 'models.weight');
    checkWeightSum(weightsOf(models), 'models.weight');
  },
  mergeTensor({ models, statistics }, { alpha = DEFAULT_ALPHA }) {
    const weights = weightsOf(models);
    return statistics
      ? [{ step: 'matrix', rule: { name: 'regmean', alpha, weights } }]
      : weightedMean(weights);
  },
});
