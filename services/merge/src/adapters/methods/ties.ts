import { checkShare } from '../../methods/check-number.js';
import { defineAdapterMethod, largestRank } from '../adapter-method.js';
import { countsOf, electFactors, mergeFactorWise } from './factor-wise.js';

/**
 * TIES-Merging (Yadav et al. 2023, arXiv:2306.01708) on A and on B: the int(ρn) largest stay, signs are elected, those that agree
 * averaged. The `ties` of PEFT's `add_weighted_adapter` with `majority_sign_method="total"`. Deviation from the paper: the factors
 * are merged instead of ΔW, so the sum of the adapters is not what comes out.
 * Checked: PEFT 0.21, A and B within 1e-6 of the largest value.
 */
export const ties = defineAdapterMethod({
  case: 'adapterTies',
  id: 'adapter_ties',
  summary: 'Trims the factors of adapters, elects signs, averages what agrees',
  paper: 'arXiv:2306.01708',
  inputs: { base: 'none', minModels: 1 },
  symmetric: true,
  alike: 'rank',
  check: ({ density }) => {
    checkShare(density, 'adapter_ties.density');
  },
  rankOf: largestRank,
  mergePairs: (module, { density = 1 }, kernels) =>
    mergeFactorWise(module, kernels, (side) => [
      { step: 'keep_largest', counts: countsOf(module, side, density) },
      ...electFactors(side, module.members),
    ]),
});
