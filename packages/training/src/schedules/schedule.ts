/** Shape of the learning rate after warm-up, of the share of the steps that is done, 0 to 1. */
const SHAPES = {
  constant: () => 1,
  linear: (done: number) => Math.max(0, 1 - done),
  // Loshchilov & Hutter 2016, arXiv:1608.03983, equation 5, no restart.
  cosine: (done: number) => (1 + Math.cos(Math.PI * Math.min(1, done))) / 2,
} as const;

export type ScheduleKind = keyof typeof SHAPES;

/** How the learning rate changes over the steps. */
export interface Schedule {
  readonly kind: ScheduleKind;
  readonly warmupSteps: number;
}

/**
 * Learning rate of a step, counted from 0, as a share of the peak. Warm-up rises in equal parts and reaches the peak in its last step; then
 * it falls over the rest of the run, (t − w)/(T − w), as the schedule's shape says.
 */
export function scheduleFactor({ kind, warmupSteps }: Schedule, step: number, totalSteps: number): number {
  if (step < warmupSteps) return (step + 1) / warmupSteps;
  return SHAPES[kind]((step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
}
