import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a state; the test's own limit is the only one. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}
