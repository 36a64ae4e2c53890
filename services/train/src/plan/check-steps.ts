import { invalidInput } from '@eigenloom/errors';

/** Every step is a line of the log and of each checkpoint's record, some 160 bytes in a text of at most 512 MB. */
const MAX_STEPS = 2_000_000;

/** Throws InvalidInput `OUT_OF_RANGE` for a run of more steps than its log can hold. */
export function checkSteps(steps: number): void {
  if (steps <= MAX_STEPS) return;
  const why = `${steps} steps are more than a run may have, ${MAX_STEPS}; take larger batches or fewer epochs, or divide the run`;
  throw invalidInput('OUT_OF_RANGE', 'max_steps', why);
}
