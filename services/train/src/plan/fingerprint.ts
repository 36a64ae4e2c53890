import { createHash } from 'node:crypto';
import type { TrainPlan } from './train-plan.js';

/** Changes when checkpoints hold something else: those of before are passed over. */
const FORMAT = 2;

/** Identity of a plan: a checkpoint of another plan is never resumed. */
export function planFingerprint(plan: TrainPlan): string {
  const text = JSON.stringify({ format: FORMAT, plan }, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return createHash('sha256').update(text).digest('hex');
}
