import type { MergeStep } from '@eigenloom/numeric';

import type { ModuleMembers } from './adapter-method.js';

/**
 * DARE of one factor: each element stays with probability ρ and is divided by it. Yu et al. 2023, arXiv:2311.03099. The numbers are keyed
 * by seed, factor, position and element.
 */
export const dropFactors = ({ members }: ModuleMembers, density: number): MergeStep => ({
  step: 'keep_random',
  densities: members.map((member) => member.density ?? density),
  survivors: 'divide_by_probability',
});
