import type { jobs } from '@eigenloom/contracts';
import { toOperation } from './operation.js';
import type { InterruptedJobs } from './interrupted-jobs.js';
import type { JobFeed } from './job-feed.js';
import type { JobStore } from './job-store.js';
import { isTerminal, type StoredJob } from './record.js';

/** Times of a watch; tests shorten them. */
export interface WatchTimes {
  /** Without news for so long, the last message is sent again. */
  readonly heartbeatMs: number;
  /** The stream ends after this, to be resumed. */
  readonly maxAgeMs: number;
}

/** How often a watch looks whether the process of its job lives. */
const ALIVE_MS = 1_000;

export const WATCH_TIMES: WatchTimes = { heartbeatMs: 20_000, maxAgeMs: 590_000 };

const messageOf = ({ record, revision }: StoredJob): jobs.WatchJobResponse => ({
  operation: toOperation(record),
  revision: BigInt(revision),
  resume: false,
});

/**
 * Follows a job: the current record if it is newer than `afterRevision`, then every newer one that the reader is fast enough to
 * see, never an older one. Ends with the job, or with `resume` when it has lasted too long. Throws INCOMPATIBLE `JOB_INTERRUPTED` when
 * the process of the job has died and nobody goes on with it, and LIMIT_EXCEEDED `DISK_FULL` when this process cannot record how it goes.
 */
export async function* watchJob(
  { store, feed, interrupted }: { store: JobStore; feed: JobFeed; interrupted?: InterruptedJobs | undefined },
  id: string,
  afterRevision: bigint,
  signal: AbortSignal,
  times: WatchTimes = WATCH_TIMES,
): AsyncGenerator<jobs.WatchJobResponse> {
  const end = new AbortController();
  const stop = AbortSignal.any([signal, end.signal]);
  // Following starts before the record is read, so nothing falls between.
  const changes = feed.follow(id, stop);
  let pending = changes.next();
  const started = performance.now();
  try {
    let last = await store.get(id);
    let sent = Number(afterRevision);
    if (last.revision > sent || isTerminal(last.record.state)) {
      yield messageOf(last);
      sent = Math.max(sent, last.revision);
    }
    let heartbeat = performance.now();
    while (!isTerminal(last.record.state)) {
      await interrupted?.assertGoesOn(last.record);
      feed.assertRecorded(id);
      const leftMs = times.maxAgeMs - (performance.now() - started);
      if (leftMs <= 0) {
        yield { ...messageOf(last), resume: true };
        return;
      }
      const aliveMs = interrupted === undefined ? Infinity : ALIVE_MS;
      const next = await within(pending, Math.min(times.heartbeatMs, leftMs, aliveMs));
      if (next === undefined) {
        if (performance.now() - heartbeat < times.heartbeatMs) continue;
        heartbeat = performance.now();
        yield messageOf(last);
        continue;
      }
      heartbeat = performance.now();
      if (next.done === true) {
        signal.throwIfAborted();
        // The server is stopping: the client resumes elsewhere.
        yield { ...messageOf(last), resume: true };
        return;
      }
      pending = changes.next();
      if (next.value.revision <= sent) continue;
      last = next.value;
      sent = last.revision;
      yield messageOf(last);
    }
  } finally {
    end.abort();
    await pending.catch(() => undefined);
    await changes.return(undefined);
  }
}

/** The value, or undefined when it takes longer. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
