import { cancelled } from '@eigenloom/errors';
import { EXIT_STATUS } from './exit-status.js';

/**
 * Runs `work` with a signal that the first Ctrl-C (or SIGTERM) aborts, so that it can end cleanly; a second one ends the process
 * at once. `message` says on the last line what the signal did.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  message = 'cancelled',
): Promise<T> {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_STATUS.CANCELLED);
    controller.abort(cancelled('CANCELLED', message));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
