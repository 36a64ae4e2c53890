import type { SchedulePlan } from '../plan/train-plan.js';

/**
 * Learning rate of a step, counted from 0, as a share of the peak. Warm-up rises in equal parts and reaches the peak in its
 * last step; then linear, (T − t)/(T − w), or cosine, (1 + cos π(t − w)/(T − w))/2 (arXiv:1608.03983, equation 5, no restart).
 */
export function scheduleFactor(
  { kind, warmupSteps }: SchedulePlan,
  step: number,
  totalSteps: number,
): number {
  if (step < warmupSteps) return (step + 1) / warmupSteps;
  const done = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  switch (kind) {
    case 'constant':
      return 1;
    case 'linear':
      return Math.max(0, 1 - done);
    case 'cosine':
      return (1 + Math.cos(Math.PI * Math.min(1, done))) / 2;
  }
}
