import { addon } from './native/addon.js';
import { checkSize } from './matrix.js';

/** Threads that one call of the core uses. */
export function threads(): number {
  return addon().threads();
}

/** Sets the threads of later calls, 1 or more; 0 restores the machine's number. Results do not depend on it. */
export function setThreads(count: number): void {
  checkSize('count', count);
  addon().setThreads(count);
}
