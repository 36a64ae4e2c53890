import type { merge } from '@eigenloom/contracts';

import { adapterMethod, largestRank } from '../../adapters/steps/adapter-method.js';
import { addFactors, countsOf, mergeFactorWise } from '../../adapters/steps/factor-wise.js';
import { checkShare } from '../../steps/check-number.js';

/** The int(ρn) largest elements of A and of B stay; then as `adapter_linear`. PEFT's `magnitude_prune`. */
export const adapterMagnitudePrune = adapterMethod<merge.AdapterMagnitudePrune>({
  summary: 'Keeps the largest elements of the factors of adapters, adds',
  paper: 'PEFT, add_weighted_adapter (magnitude_prune)',
  deviations: '',
  checked: 'PEFT 0.21, A and B within 1e-6 of the largest value.',
  symmetric: true,
  alike: 'rank',
  create({ density = 1 }, field) {
    checkShare(density, `${field}.density`);
    return {
      rankOf: largestRank,
      mergePairs: (module, kernels) =>
        mergeFactorWise(module, kernels, (side) => [
          { step: 'keep_largest', counts: countsOf(module, side, density) },
          ...addFactors(side, module.members),
        ]),
    };
  },
});
