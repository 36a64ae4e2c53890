import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkUnweighted } from '../steps/check-weights.js';
import { decayOf, emaWeights } from '../steps/moving-average.js';

/**
 * Exponential moving average over a sequence of models: θ ← αθ + (1 − α)θᵢ, from θ = θ₁. The momentum update that accumulates an online
 * module into an offline one in LAE, Gao et al. 2023, arXiv:2303.10070, here of whole models.
 */
export const ema = modelMethod<merge.EmaMerge>({
  summary: 'Exponential moving average over models in their order',
  paper: 'arXiv:2303.10070',
  deviations: 'LAE updates at each step of training, this once for each model given.',
  checked: 'Its formula.',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: false,
  create(parameters, field) {
    const decay = decayOf(parameters.decay, `${field}.decay`);
    return {
      check(models) {
        checkUnweighted(models, 'an exponential moving average has no use for weights');
      },
      mergeTensor({ models }) {
        const weights = emaWeights(models.length, decay);
        return [
          { step: 'weigh', weights },
          { step: 'sum', divisor: 'one', weights },
        ];
      },
    };
  },
});
