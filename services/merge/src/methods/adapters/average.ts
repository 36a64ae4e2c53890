import type { merge } from '@eigenloom/contracts';

import { adapterMethod, largestRank } from '../../adapters/steps/adapter-method.js';
import { mergeFactorWise } from '../../adapters/steps/factor-wise.js';
import { checkUnweighted } from '../../steps/check-weights.js';

/**
 * The mean of an inventory of adapters, A with A and B with B: what MHR-μ fine-tunes instead of a routing. Caccia et al. 2023,
 * arXiv:2211.03831. The blocks of the heads keep their places, so the mean is over the adapters of each element.
 */
export const adapterAverage = adapterMethod<merge.AdapterAverage>({
  summary: 'Mean of an inventory of routed adapters, factor by factor',
  paper: 'arXiv:2211.03831',
  deviations: '',
  checked: "PEFT's logits with a uniform router, within 2e-5.",
  symmetric: true,
  alike: 'pairs',
  create: () => ({
    check(models) {
      checkUnweighted(models, 'the mean of an inventory has no use for weights');
    },
    savedWeights: (adapters) => Array.from({ length: adapters }, () => 1 / adapters),
    rankOf: largestRank,
    mergePairs(module, kernels) {
      const weights = module.members.map(() => 1);
      const scaling = module.members[0]?.scaling;
      return mergeFactorWise(module, kernels, () => [{ step: 'sum', divisor: 'weights', weights }], scaling);
    },
  }),
});
