import { AppError } from '@eigenloom/errors';
import type { Logger } from 'pino';

/**
 * A signal that aborts on SIGTERM or SIGINT. From then on the process has the grace period to end by itself; after it, or at a second
 * signal, it ends with 1 and the log names the jobs that were running.
 */
export function stopSignals(log: Logger, graceMs: number, running: () => readonly string[]): AbortSignal {
  const stopping = new AbortController();
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping.signal.aborted) {
      log.warn(
        { signal, jobs: running() },
        'told twice to stop: ends at once; running jobs go on elsewhere once their lease is over',
      );
      process.exit(1);
    }
    log.info({ signal }, 'stopping');
    setTimeout(() => {
      log.error(
        { jobs: running() },
        'did not stop within the grace period; running jobs go on elsewhere once their lease is over',
      );
      process.exit(1);
    }, graceMs).unref();
    stopping.abort(new AppError('CANCELLED', 'SHUTTING_DOWN', 'the service is stopping'));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  return stopping.signal;
}
