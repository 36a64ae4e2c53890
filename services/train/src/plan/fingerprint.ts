import { createHash } from 'node:crypto';
import type { TrainPlan } from './train-plan.js';

/** Identity of a plan: a checkpoint of another plan is never resumed. */
export function planFingerprint(plan: TrainPlan): string {
  const text = JSON.stringify(plan, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return createHash('sha256').update(text).digest('hex');
}
