import type { ProgressUpdate } from './job-kind.js';
import type { StoredProgress } from './record.js';

/** Before this share of the work is done, a remaining time would be a guess. */
const MIN_SHARE_FOR_REMAINING = 0.01;

/** Gathers progress reports of one run between the times they are stored. */
export class ProgressTracker {
  private current: StoredProgress = { metrics: {}, updateTime: new Date().toISOString() };
  private first: { fraction: number; atMs: number } | undefined;
  private dirty = false;

  report({ fraction, phase, metrics }: ProgressUpdate): void {
    const share =
      fraction === undefined || !Number.isFinite(fraction) ? undefined : Math.min(Math.max(fraction, 0), 1);
    // Nothing is done while inputs are read, and a resumed job does not begin at 0: the rate is that of work seen here.
    if (share !== undefined && share > 0) this.first ??= { fraction: share, atMs: performance.now() };
    const remainingSeconds = share === undefined ? this.current.remainingSeconds : this.remaining(share);
    const percent = share === undefined ? this.current.percent : share * 100;
    const newPhase = phase ?? this.current.phase;
    this.current = {
      ...(percent === undefined ? {} : { percent }),
      ...(newPhase === undefined ? {} : { phase: newPhase }),
      ...(remainingSeconds === undefined ? {} : { remainingSeconds }),
      metrics: { ...this.current.metrics, ...finite(metrics ?? {}) },
      updateTime: new Date().toISOString(),
    };
    this.dirty = true;
  }

  /** What was reported since the last call. */
  take(): StoredProgress | undefined {
    if (!this.dirty) return undefined;
    this.dirty = false;
    return this.current;
  }

  private remaining(fraction: number): number | undefined {
    if (this.first === undefined) return undefined;
    const done = fraction - this.first.fraction;
    if (fraction < 1 && done < MIN_SHARE_FOR_REMAINING) return undefined;
    const elapsedSeconds = (performance.now() - this.first.atMs) / 1000;
    return fraction >= 1 ? 0 : (elapsedSeconds * (1 - fraction)) / done;
  }
}

/** JSON knows no other numbers. */
function finite(metrics: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}
