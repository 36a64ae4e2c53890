import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { regmeanPreparer } from '../prepare/regmean.js';
import { batchingOf } from '../prepare/search/search-settings.js';
import { DEFAULT_EXAMPLES } from '../prepare/statistics/statistics-of.js';
import {
  checkFraction,
  checkPositive,
  checkWeightSum,
  checkWeightsNotNegative,
} from '../steps/check-number.js';
import { weightsOf } from '../steps/method-facts.js';
import { weightedMean } from '../steps/tensor-method.js';

const DEFAULT_ALPHA = 0.9;

/**
 * RegMean: for each linear module W = (Σ wᵢĜᵢ)⁻¹ Σ wᵢĜᵢWᵢᵀ, transposed, Ĝ = α·G + (1−α)·diag(G), G the Gram matrix of the module's
 * inputs on the model's own examples (prepare/statistics/gram.ts). Jin et al. 2022, arXiv:2212.09849; weights and the default of α as in the
 * authors' program (bloomberg/dataless-model-merging; its runs have 0.9 or 0.1). What is no linear module of the layers or the
 * classification head (embeddings, norms, biases, a language head) takes the weighted mean.
 */
export const regmean = modelMethod<merge.RegmeanMerge>({
  summary: "Least-squares fit of each linear module to every model's outputs on its own data",
  paper: 'arXiv:2212.09849',
  deviations: 'The weighted mean divides by the sum of the weights.',
  checked: 'Gram matrices against XᵀX within 2e-6, the merge by its normal equations.',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: true,
  create({ alpha = DEFAULT_ALPHA, examples = DEFAULT_EXAMPLES, batching }, field) {
    checkFraction(alpha, `${field}.alpha`);
    checkPositive(examples, `${field}.examples`);
    const { batchSize, maxLength } = batchingOf(batching, `${field}.batching`);
    return {
      check(models) {
        checkWeightsNotNegative(weightsOf(models), 'models.weight');
        checkWeightSum(weightsOf(models), 'models.weight');
      },
      preparer: regmeanPreparer({ batchSize, reading: { examples, maxLength } }, field),
      mergeTensor({ models, statistics }) {
        const weights = weightsOf(models);
        return statistics
          ? [{ step: 'matrix', rule: { name: 'regmean', alpha, weights } }]
          : weightedMean(weights);
      },
    };
  },
});
