import type { merge } from '@eigenloom/contracts';

import { adapterMethod, largestRank } from '../../adapters/steps/adapter-method.js';
import { addFactors, mergeFactorWise } from '../../adapters/steps/factor-wise.js';

/**
 * A = Σ ±√|wᵢsᵢ|·Aᵢ and B = Σ √|wᵢsᵢ|·Bᵢ: the `linear` of PEFT's `add_weighted_adapter`. B·A is Σ wᵢsᵢBᵢAᵢ plus the cross terms
 * ±√|wᵢsᵢwⱼsⱼ|·BᵢAⱼ for i ≠ j, which no adapter stands for; the report's error is their norm.
 */
export const adapterLinear = adapterMethod<merge.AdapterLinear>({
  summary: 'Sums of the factors of adapters of one rank, with cross terms',
  paper: 'PEFT, add_weighted_adapter (linear)',
  deviations: '',
  checked: 'PEFT 0.21, ΔW within 2e-6 of the largest value.',
  symmetric: true,
  alike: 'rank',
  create: () => ({
    rankOf: largestRank,
    mergePairs: (module, kernels) =>
      mergeFactorWise(module, kernels, (side) => addFactors(side, module.members)),
  }),
});
