import { defineAdapterMethod, largestRank } from '../adapter-method.js';
import { addFactors, mergeFactorWise } from './factor-wise.js';

/**
 * A = Σ ±√|wᵢsᵢ|·Aᵢ and B = Σ √|wᵢsᵢ|·Bᵢ: the `linear` of PEFT's `add_weighted_adapter`. B·A is Σ wᵢsᵢBᵢAᵢ plus the cross terms
 * ±√|wᵢsᵢwⱼsⱼ|·BᵢAⱼ for i ≠ j, which no adapter stands for; the report's error is their norm.
 * Checked: PEFT 0.21, ΔW within 2e-6 of the largest value.
 */
export const linear = defineAdapterMethod({
  case: 'adapterLinear',
  id: 'adapter_linear',
  summary: 'Sums of the factors of adapters of one rank, with cross terms',
  paper: 'PEFT, add_weighted_adapter (linear)',
  inputs: { base: 'none', minModels: 1 },
  symmetric: true,
  alike: 'rank',
  check: () => undefined,
  rankOf: largestRank,
  mergePairs: (module, _parameters, kernels) =>
    mergeFactorWise(module, kernels, (side) => addFactors(side, module.members)),
});
