import type { merge } from '@eigenloom/contracts';

import { adapterMethod, largestRank } from '../../adapters/steps/adapter-method.js';
import { mergeFactorWise } from '../../adapters/steps/factor-wise.js';
import { checkUnweighted } from '../../steps/check-weights.js';
import { decayOf, emaWeights } from '../../steps/moving-average.js';

/**
 * Accumulation of LAE: offline ← α·offline + (1 − α)·online, of A and of B, over adapters in the order of the tasks; the first is the
 * start. Gao et al. 2023, arXiv:2303.10070.
 */
export const adapterEma = adapterMethod<merge.AdapterEma>({
  summary: 'Exponential moving average over adapters in their order, factor by factor',
  paper: 'arXiv:2303.10070',
  deviations: 'Once for each adapter given instead of at each step of training.',
  checked: 'Its formula.',
  symmetric: false,
  alike: 'pairs',
  create(parameters, field) {
    const decay = decayOf(parameters.decay, `${field}.decay`);
    return {
      check(models) {
        checkUnweighted(models, 'an exponential moving average has no use for weights');
      },
      savedWeights: (adapters) => emaWeights(adapters, decay),
      rankOf: largestRank,
      mergePairs(module, kernels) {
        const weights = emaWeights(module.members.length, decay);
        const steps = [
          { step: 'weigh', weights },
          { step: 'sum', divisor: 'one', weights },
        ] as const;
        return mergeFactorWise(module, kernels, () => steps, module.members[0]?.scaling);
      },
    };
  },
});
