import type { MergeStep } from '@eigenloom/numeric';

import type { MergedPair, Member, ModuleMembers, PairKernels } from './adapter-method.js';

/**
 * Weights of PEFT's `add_weighted_adapter` for methods that merge A with A and B with B: √|ws| on both sides, the sign on A, so that a
 * member alone gives w·s·B·A.
 */
export const rootWeights = (side: 'a' | 'b', members: readonly Member[]): number[] =>
  members.map(({ weight, scaling }) => {
    const root = Math.sqrt(Math.abs(weight * scaling));
    return side === 'a' && weight * scaling < 0 ? -root : root;
  });

/** Merges the As and the Bs, each with steps of its own. */
export async function mergeFactorWise(
  { members }: ModuleMembers,
  kernels: PairKernels,
  steps: (side: 'a' | 'b') => readonly MergeStep[],
  scaling = 1,
): Promise<MergedPair> {
  const a = await kernels.mergeFactor('a', steps('a'));
  const b = await kernels.mergeFactor('b', steps('b'));
  return { a, b, rank: members[0]?.rank ?? 0, scaling };
}

/** For each member the number of elements of its factor that its density is, rounded down. */
export function countsOf(
  { rows, columns, members }: ModuleMembers,
  side: 'a' | 'b',
  density: number,
): number[] {
  return members.map((member) =>
    Math.floor((member.density ?? density) * member.rank * (side === 'a' ? columns : rows)),
  );
}

/** Adds the factors with their weights. */
export function addFactors(side: 'a' | 'b', members: readonly Member[]): MergeStep[] {
  const weights = rootWeights(side, members);
  return [
    { step: 'weigh', weights },
    { step: 'sum', divisor: 'one', weights },
  ];
}

/**
 * PEFT's election of signs: that of the unweighted sum; then the weighted mean of those that agree, divided by their number.
 */
export function electFactors(side: 'a' | 'b', members: readonly Member[]): MergeStep[] {
  const weights = rootWeights(side, members);
  return [
    { step: 'elect_sign' },
    { step: 'weigh', weights },
    { step: 'sum', divisor: 'present_weights', weights: weights.map(() => 1) },
  ];
}
