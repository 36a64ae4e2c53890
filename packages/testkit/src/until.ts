import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 10;
/** No machine is that slow: what has not come about by then never will. */
const PATIENCE_MS = 300_000;

/** Waits for a state, however long the machine takes. `state` completes the sentence "it never came about that …". */
export async function until(state: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it never came about that ${state}`);
    await delay(LOOK_EVERY_MS);
  }
}
