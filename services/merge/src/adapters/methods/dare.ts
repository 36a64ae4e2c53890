import type { MergeStep } from '@eigenloom/numeric';

import { checkShare } from '../../methods/check-number.js';
import { type ModuleMembers, defineAdapterMethod, largestRank } from '../adapter-method.js';
import { addFactors, electFactors, mergeFactorWise } from './factor-wise.js';

/**
 * DARE (Yu et al. 2023, arXiv:2311.03099) on A and on B: each element stays with probability ρ and is divided by it; then the factors
 * are added, or merged by signs. The `dare_linear` and `dare_ties` of PEFT's `add_weighted_adapter`. Deviations: the factors are
 * merged instead of ΔW, as in PEFT; the random numbers are keyed by seed, factor, position and element.
 * Checked: PEFT 0.21 at density 1; the share that stays below it.
 */
const drop = ({ members }: ModuleMembers, density: number): MergeStep => ({
  step: 'keep_random',
  densities: members.map((member) => member.density ?? density),
  survivors: 'divide_by_probability',
});

export const dareLinear = defineAdapterMethod({
  case: 'adapterDareLinear',
  id: 'adapter_dare_linear',
  summary: 'Drops elements of the factors of adapters at random, rescales, adds',
  paper: 'arXiv:2311.03099',
  inputs: { base: 'none', minModels: 1 },
  symmetric: false,
  alike: 'rank',
  check: ({ density }) => {
    checkShare(density, 'adapter_dare_linear.density');
  },
  rankOf: largestRank,
  mergePairs: (module, { density = 1 }, kernels) =>
    mergeFactorWise(module, kernels, (side) => [drop(module, density), ...addFactors(side, module.members)]),
});

export const dareTies = defineAdapterMethod({
  case: 'adapterDareTies',
  id: 'adapter_dare_ties',
  summary: 'Drops elements of the factors of adapters at random, rescales, elects signs',
  paper: 'arXiv:2311.03099',
  inputs: { base: 'none', minModels: 1 },
  symmetric: false,
  alike: 'rank',
  check: ({ density }) => {
    checkShare(density, 'adapter_dare_ties.density');
  },
  rankOf: largestRank,
  mergePairs: (module, { density = 1 }, kernels) =>
    mergeFactorWise(module, kernels, (side) => [
      drop(module, density),
      ...electFactors(side, module.members),
    ]),
});
