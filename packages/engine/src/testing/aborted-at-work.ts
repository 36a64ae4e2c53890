import type { EngineProgress } from '../worker/engine-context.js';
import type { RunOptions } from '../worker/run-on-engine.js';

/** A grace that no test lives to see the end of: what stops within it has stopped by itself. */
export const FOREVER_MS = 2 ** 31 - 1;

/** Options of a run that is aborted once it has reported progress, and then has that long to stop by itself. */
export function abortedAtWork(
  graceMs: number,
  onProgress: (update: EngineProgress) => void = () => undefined,
): RunOptions {
  const abort = new AbortController();
  return {
    signal: abort.signal,
    graceMs,
    onProgress: (update) => {
      onProgress(update);
      abort.abort();
    },
  };
}
