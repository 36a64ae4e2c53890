import type { merge } from '@eigenloom/contracts';

import { adapterMethod, largestRank } from '../../adapters/steps/adapter-method.js';
import { countsOf, electFactors, mergeFactorWise } from '../../adapters/steps/factor-wise.js';
import { checkShare } from '../../steps/check-number.js';

/**
 * TIES-Merging (Yadav et al. 2023, arXiv:2306.01708) on A and on B: the int(ρn) largest stay, signs are elected, those that agree
 * averaged. The `ties` of PEFT's `add_weighted_adapter` with `majority_sign_method="total"`.
 */
export const adapterTies = adapterMethod<merge.AdapterTies>({
  summary: 'Trims the factors of adapters, elects signs, averages what agrees',
  paper: 'arXiv:2306.01708',
  deviations: 'The factors are merged instead of ΔW, so the sum of the adapters is not what comes out.',
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
          ...electFactors(side, module.members),
        ]),
    };
  },
});
