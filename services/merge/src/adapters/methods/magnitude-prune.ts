import { checkShare } from '../../methods/check-number.js';
import { defineAdapterMethod, largestRank } from '../adapter-method.js';
import { addFactors, countsOf, mergeFactorWise } from './factor-wise.js';

/**
 * The int(ρn) largest elements of A and of B stay; then as `adapter_linear`. PEFT's `magnitude_prune`. Deviations: none.
 * Checked: PEFT 0.21, A and B within 1e-6 of the largest value.
 */
export const magnitudePrune = defineAdapterMethod({
  case: 'adapterMagnitudePrune',
  id: 'adapter_magnitude_prune',
  summary: 'Keeps the largest elements of the factors of adapters, adds',
  paper: 'PEFT, add_weighted_adapter (magnitude_prune)',
  inputs: { base: 'none', minModels: 1 },
  symmetric: true,
  alike: 'rank',
  check: ({ density }) => {
    checkShare(density, 'adapter_magnitude_prune.density');
  },
  rankOf: largestRank,
  mergePairs: (module, { density = 1 }, kernels) =>
    mergeFactorWise(module, kernels, (side) => [
      { step: 'keep_largest', counts: countsOf(module, side, density) },
      ...addFactors(side, module.members),
    ]),
});
