import { checkDecay, checkUnweighted, emaWeights } from '../../methods/ema.js';
import { defineAdapterMethod, largestRank } from '../adapter-method.js';
import { mergeFactorWise } from './factor-wise.js';

/**
 * Accumulation of LAE: offline ← α·offline + (1 − α)·online, of A and of B, over adapters in the order of the tasks; the first is the
 * start. Gao et al. 2023, arXiv:2303.10070. Deviation: once for each adapter given instead of at each step of training.
 * Checked: its formula.
 */
export const ema = defineAdapterMethod({
  case: 'adapterEma',
  id: 'adapter_ema',
  summary: 'Exponential moving average over adapters in their order, factor by factor',
  paper: 'arXiv:2303.10070',
  inputs: { base: 'none', minModels: 1 },
  symmetric: false,
  alike: 'pairs',
  check: ({ decay }, models) => {
    checkDecay(decay, 'adapter_ema.decay');
    checkUnweighted(models, 'an exponential moving average');
  },
  savedWeights: (adapters, { decay = 0 }) => emaWeights(adapters, decay),
  rankOf: largestRank,
  mergePairs: (module, { decay = 0 }, kernels) => {
    const weights = emaWeights(module.members.length, decay);
    const steps = [
      { step: 'weigh', weights },
      { step: 'sum', divisor: 'one', weights },
    ] as const;
    return mergeFactorWise(module, kernels, () => steps, module.members[0]?.scaling);
  },
});
