import { AppError, cancelled } from '@eigenloom/errors';

import { addon } from './addon.js';
import { fromNative } from './native-error.js';
import type { NativeTask } from './native-task.js';

/** Options of every long call. */
export interface CallOptions {
  /** Stops the work; the promise then rejects with `CANCELLED` (or `DEADLINE_EXCEEDED`) once it has stopped. */
  readonly signal?: AbortSignal | undefined;
  /** Told the share of the work done, from 0 to 1, a few times a second. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

const PROGRESS_INTERVAL_MS = 100;

/**
 * Runs one long call of the bridge. The arrays given to it must be neither changed nor transferred until the promise settles:
 * the core reads them where they lie. `subject` is named by errors.
 */
export async function call<T>(
  subject: string,
  options: CallOptions,
  start: (task: NativeTask) => Promise<T>,
): Promise<T> {
  const { signal, onProgress } = options;
  const early = abortErrorOf(signal);
  if (early !== undefined) throw early;
  const task = new (addon().NativeTask)();
  const cancel = (): void => {
    task.cancel();
  };
  signal?.addEventListener('abort', cancel, { once: true });
  const stopProgress = reportProgress(task, onProgress);
  try {
    const result = await start(task);
    onProgress?.(1);
    return result;
  } catch (error) {
    throw abortErrorOf(signal) ?? fromNative(error, subject);
  } finally {
    stopProgress();
    signal?.removeEventListener('abort', cancel);
  }
}

function reportProgress(task: NativeTask, onProgress: CallOptions['onProgress']): () => void {
  if (onProgress === undefined) return () => undefined;
  let last = 0;
  const timer = setInterval(() => {
    const fraction = task.fraction();
    if (fraction > last) {
      last = fraction;
      onProgress(fraction);
    }
  }, PROGRESS_INTERVAL_MS);
  return () => {
    clearInterval(timer);
  };
}

/** A fresh look: the compiler would take an earlier answer as final. */
function abortErrorOf(signal: AbortSignal | undefined): Error | undefined {
  return signal?.aborted === true ? abortError(signal) : undefined;
}

function abortError(signal: AbortSignal): AppError {
  const cause: unknown = signal.reason;
  // Not instanceof: AbortSignal.timeout makes its reason in Node's own realm.
  const timedOut =
    typeof cause === 'object' && cause !== null && 'name' in cause && cause.name === 'TimeoutError';
  return timedOut
    ? new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'deadline exceeded', { cause })
    : cancelled('CANCELLED', 'cancelled', { cause });
}
