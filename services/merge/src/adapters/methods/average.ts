import { checkUnweighted } from '../../methods/ema.js';
import { defineAdapterMethod, largestRank } from '../adapter-method.js';
import { mergeFactorWise } from './factor-wise.js';

/**
 * The mean of an inventory of adapters, A with A and B with B: what MHR-μ fine-tunes instead of a routing. Caccia et al. 2023,
 * arXiv:2211.03831. The blocks of the heads keep their places, so the mean is over the adapters of each element. Deviations: none.
 * Checked: PEFT's logits with a uniform router, within 2e-5.
 */
export const average = defineAdapterMethod({
  case: 'adapterAverage',
  id: 'adapter_average',
  summary: 'Mean of an inventory of routed adapters, factor by factor',
  paper: 'arXiv:2211.03831',
  inputs: { base: 'none', minModels: 1 },
  symmetric: true,
  alike: 'pairs',
  check: (_parameters, models) => {
    checkUnweighted(models, 'the mean of an inventory');
  },
  savedWeights: (adapters) => Array.from({ length: adapters }, () => 1 / adapters),
  rankOf: largestRank,
  mergePairs: (module, _parameters, kernels) => {
    const weights = module.members.map(() => 1);
    const scaling = module.members[0]?.scaling;
    return mergeFactorWise(module, kernels, () => [{ step: 'sum', divisor: 'weights', weights }], scaling);
  },
});
