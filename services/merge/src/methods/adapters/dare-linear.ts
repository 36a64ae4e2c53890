import type { merge } from '@eigenloom/contracts';

import { adapterMethod, largestRank } from '../../adapters/steps/adapter-method.js';
import { dropFactors } from '../../adapters/steps/drop-factors.js';
import { addFactors, mergeFactorWise } from '../../adapters/steps/factor-wise.js';
import { checkShare } from '../../steps/check-number.js';

/**
 * DARE (Yu et al. 2023, arXiv:2311.03099) on A and on B: each element stays with probability ρ and is divided by it; then the factors are
 * added. The `dare_linear` of PEFT's `add_weighted_adapter`.
 */
export const adapterDareLinear = adapterMethod<merge.AdapterDareLinear>({
  summary: 'Drops elements of the factors of adapters at random, rescales, adds',
  paper: 'arXiv:2311.03099',
  deviations:
    'The factors are merged instead of ΔW, as in PEFT; the random numbers are keyed by seed, factor, ' +
    'position and element.',
  checked: 'PEFT 0.21 at density 1; the share that stays below it.',
  symmetric: false,
  alike: 'rank',
  create({ density = 1 }, field) {
    checkShare(density, `${field}.density`);
    return {
      rankOf: largestRank,
      mergePairs: (module, kernels) =>
        mergeFactorWise(module, kernels, (side) => [
          dropFactors(module, density),
          ...addFactors(side, module.members),
        ]),
    };
  },
});
