import { type ActiveJob, leaseIsStale } from './job-feed.js';
import type { JobRecord } from './record.js';

const seenAt = (seenMs: number, lease?: object): ActiveJob => ({
  record: { ...(lease && { lease }) } as unknown as JobRecord,
  revision: 1,
  seenMs,
});

describe('a lease', () => {
  beforeEach(() => jest.useFakeTimers({ now: 0 }));
  afterEach(() => jest.useRealTimers());

  test('is stale once its job has been seen unchanged for longer than it lasts, and not before', () => {
    const job = seenAt(performance.now(), { owner: 'a', token: 1, durationMs: 1_000 });
    jest.advanceTimersByTime(1_000);
    expect(leaseIsStale(job)).toBe(false);
    jest.advanceTimersByTime(1);
    expect(leaseIsStale(job)).toBe(true);
    expect(leaseIsStale(seenAt(performance.now(), job.record.lease))).toBe(false);
  });

  test('that nobody holds is never stale', () => {
    const job = seenAt(performance.now());
    jest.advanceTimersByTime(1_000_000);
    expect(leaseIsStale(job)).toBe(false);
  });
});
