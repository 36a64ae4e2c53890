import type { MergeStep } from '@eigenloom/numeric';

import type { TensorContext } from './tensor-method.js';

export const DEFAULT_GAMMA = 0.01;

interface Masks {
  readonly density: number;
  readonly gamma: number;
}

/**
 * Sparse masks of Model Breadcrumbs: of n elements of a task vector the int(γn) largest magnitudes go, and of the rest all but the
 * int(ρn) largest. Davari and Belilovsky 2023, arXiv:2312.06795.
 * Deviations: the share that stays is the parameter, as in mergekit, instead of the share β that goes at the lower end; where
 * γn + ρn > n fewer large elements go.
 */
export function dropOutliers({ models, elements }: TensorContext, { density, gamma }: Masks): MergeStep[] {
  const cuts = models.map((model) => {
    const share = model.density ?? density;
    if (share >= 1) return { top: 0, kept: elements };
    const kept = Math.floor(share * elements);
    const top = Math.min(Math.floor((model.gamma ?? gamma) * elements), elements - kept);
    return { top, kept };
  });
  return [
    { step: 'delta' },
    { step: 'drop_largest', counts: cuts.map(({ top }) => top) },
    { step: 'keep_largest', counts: cuts.map(({ kept }) => kept) },
  ];
}
