import { AppError } from '@eigenloom/errors';
import { setTimeout as delay } from 'node:timers/promises';
import { fromServiceError } from '../errors/service-error.js';

/** A server says within 3 s that it cannot reach its bus; with this a caller hears of an outage within 5 s. */
const RETRY_FOR_MS = 3_000;
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 1_000;

/** How long one call goes on trying, with UNAVAILABLE only. */
export class Retries {
  private forMs = RETRY_FOR_MS;
  private failures = 0;
  private sinceMs: number | undefined = performance.now();

  /** `addresses`: whom errors name. */
  constructor(private readonly addresses: string) {}

  /** Something came: from the next failure on it is tried for so long again. */
  progress(forMs = RETRY_FOR_MS): void {
    this.forMs = forMs;
    this.failures = 0;
    this.sinceMs = undefined;
  }

  /** Waits for the next try, or throws the error. */
  async pauseOrThrow(error: unknown, signal?: AbortSignal): Promise<void> {
    const known = fromServiceError(error, this.addresses);
    const now = performance.now();
    this.sinceMs ??= now;
    const pauseMs = Math.min(FIRST_DELAY_MS * 2 ** this.failures++, LONGEST_DELAY_MS) * (0.5 + Math.random());
    const down = known instanceof AppError && known.kind === 'DEPENDENCY_DOWN';
    if (!down || now + pauseMs - this.sinceMs > this.forMs) throw known;
    await delay(pauseMs, undefined, signal && { signal }).catch(() => undefined);
    signal?.throwIfAborted();
  }
}
