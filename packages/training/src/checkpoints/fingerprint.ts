import { createHash } from 'node:crypto';

/** Changes when checkpoints hold something else: those of before are passed over. */
const FORMAT = 3;

/** Identity of a plan, which is plain data: a checkpoint of another plan is never resumed. */
export function planFingerprint(plan: object): string {
  const text = JSON.stringify({ format: FORMAT, plan }, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return createHash('sha256').update(text).digest('hex');
}
