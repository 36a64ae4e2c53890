import { checkShare } from '../../methods/check-number.js';
import type { ParametersOf } from '../../methods/method.js';
import { type ModuleMembers, defineAdapterMethod, largestRank, totalRank } from '../adapter-method.js';
import { chooseRank } from '../choose-rank.js';
import { balancedFactors, productSvd } from '../product-svd.js';
import { stackFactors } from '../stack-factors.js';

/**
 * The best approximation of Σ wᵢsᵢBᵢAᵢ of rank r, by the theorem of Eckart and Young 1936, doi:10.1007/BF02288367. The `svd` of PEFT's
 * `add_weighted_adapter`. Deviations: from the factors instead of the full matrix; √S in both factors instead of S in B; the rank
 * may follow from a share of the sum of squared singular values.
 * Checked: PEFT 0.21, ΔW within 2e-6 of the largest value.
 */
export const bestRank = defineAdapterMethod({
  case: 'adapterSvd',
  id: 'adapter_svd',
  summary: 'Adapters to the best approximation of their sum of a rank',
  paper: 'doi:10.1007/BF02288367',
  inputs: { base: 'none', minModels: 1 },
  symmetric: true,
  alike: 'nothing',
  check: ({ energy }) => {
    checkShare(energy, 'adapter_svd.energy');
  },
  rankOf: mostRank,
  async mergePairs(module, parameters, kernels) {
    const sum = await stackFactors(await kernels.factors(), module.members);
    const triplets = await productSvd(sum, kernels.options);
    const total = triplets.s.reduce((squares, value) => squares + value ** 2, 0);
    const most = mostRank(module, parameters);
    const rank = chooseRank(triplets.s, total, { most, energy: parameters.energy });
    const { a, b } = await balancedFactors(triplets, rank);
    return { a: a.data, b: b.data, rank, scaling: 1 };
  },
});

function mostRank(module: ModuleMembers, { rank, energy }: ParametersOf<'adapterSvd'>): number {
  const wanted = rank || (energy === undefined ? largestRank(module) : totalRank(module));
  return Math.min(wanted, totalRank(module), module.rows, module.columns);
}
