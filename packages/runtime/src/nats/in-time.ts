import { AppError } from '@eigenloom/errors';
import { setImmediate as turn } from 'node:timers/promises';

/**
 * The promise, or DEADLINE_EXCEEDED after the time. An answer that has arrived counts even where this process was too busy to look at
 * it before its timer: one more turn of the event loop reads what waits.
 */
export async function inTime<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      void turn()
        .then(() => turn())
        .then(() => {
          reject(new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'no answer came in time'));
        });
    }, ms);
  });
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
