import type { merge } from '@eigenloom/contracts';

import {
  type ModuleMembers,
  adapterMethod,
  largestRank,
  totalRank,
} from '../../adapters/steps/adapter-method.js';
import { chooseRank } from '../../adapters/steps/choose-rank.js';
import { balancedFactors, productSvd } from '../../adapters/steps/product-svd.js';
import { stackFactors } from '../../adapters/steps/stack-factors.js';
import { checkPositive, checkShare } from '../../steps/check-number.js';

/**
 * The best approximation of Σ wᵢsᵢBᵢAᵢ of rank r, by the theorem of Eckart and Young 1936, doi:10.1007/BF02288367. The `svd` of PEFT's
 * `add_weighted_adapter`.
 */
export const adapterSvd = adapterMethod<merge.AdapterSvd>({
  summary: 'Adapters to the best approximation of their sum of a rank',
  paper: 'doi:10.1007/BF02288367',
  deviations:
    'From the factors instead of the full matrix; √S in both factors instead of S in B; the rank may ' +
    'follow from a share of the sum of squared singular values.',
  checked: 'PEFT 0.21, ΔW within 2e-6 of the largest value.',
  symmetric: true,
  alike: 'nothing',
  create({ rank: wanted, energy }, field) {
    checkPositive(wanted, `${field}.rank`);
    checkShare(energy, `${field}.energy`);
    const rankOf = (module: ModuleMembers): number => {
      const most = wanted ?? (energy === undefined ? largestRank(module) : totalRank(module));
      return Math.min(most, totalRank(module), module.rows, module.columns);
    };
    return {
      rankOf,
      async mergePairs(module, kernels) {
        const sum = await stackFactors(await kernels.factors(), module.members);
        const triplets = await productSvd(sum, kernels.options);
        const total = triplets.s.reduce((squares, value) => squares + value ** 2, 0);
        const rank = chooseRank(triplets.s, total, { most: rankOf(module), energy });
        const { a, b } = await balancedFactors(triplets, rank);
        return { a: a.data, b: b.data, rank, scaling: 1 };
      },
    };
  },
});
