import { invalidInput } from '@eigenloom/errors';

/** The largest f32 below 1, for factors of a moment: one that never forgets has no correction of its start. */
export const BELOW_1 = 1 - 2 ** -24;

/** A number within bounds, both included. Errors: `OUT_OF_RANGE`. */
export function within(field: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  const low = least === Number.MIN_VALUE ? 'above 0' : `at least ${least}`;
  throw invalidInput('OUT_OF_RANGE', field, `must be ${low} and at most ${most}`);
}
