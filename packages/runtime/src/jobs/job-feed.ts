import type { AppError } from '@eigenloom/errors';
import { setTimeout as delay } from 'node:timers/promises';
import type { KeyValueStore } from '../kv/key-value-store.js';
import { LatestByKey } from '../kv/latest-by-key.js';
import { JOB_PREFIX } from './job-store.js';
import { decodeRecord, isTerminal, type JobRecord, type StoredJob } from './record.js';

/** A job that is not done, and since when this process has seen it unchanged. */
export interface ActiveJob extends StoredJob {
  /** Of the monotonic clock. A lease is judged by this alone, so wrong wall clocks do no harm. */
  readonly seenMs: number;
}

const RETRY_MS = 500;

/**
 * One watch of all records for the whole process: every follower of a job hangs on it, and it knows the jobs that are not done.
 * Memory: one record for each of those, and the latest record for each follower.
 */
export class JobFeed {
  private readonly activeJobs = new Map<string, ActiveJob>();
  private readonly followers = new Map<string, Set<LatestByKey<StoredJob>>>();
  private readonly listeners = new Set<(job: StoredJob) => void>();
  private readonly resetListeners = new Set<() => void>();
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private unlisten: (() => void) | undefined;
  private readonly unrecorded = new Map<string, AppError>();
  private last = 0;

  constructor(private readonly kv: KeyValueStore) {}

  start(): void {
    this.unlisten ??= this.kv.onReset(() => {
      this.reset();
    });
    this.running ??= this.run();
  }

  /** Jobs that are not done, as last seen. */
  active(): Iterable<ActiveJob> {
    return this.activeJobs.values();
  }

  find(id: string): ActiveJob | undefined {
    return this.activeJobs.get(id);
  }

  /** Says that no change of a job can be recorded by this process, and why; undefined once one can be again. */
  tell(id: string, error: AppError | undefined): void {
    if (error === undefined) this.unrecorded.delete(id);
    else this.unrecorded.set(id, error);
  }

  /** Throws what `tell` said of a job. */
  assertRecorded(id: string): void {
    const error = this.unrecorded.get(id);
    if (error !== undefined) throw error;
  }

  /** Calls back on every change that is seen. */
  onChange(listener: (job: StoredJob) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls back when the store has lost all records. */
  onReset(listener: () => void): () => void {
    this.resetListeners.add(listener);
    return () => this.resetListeners.delete(listener);
  }

  /**
   * Changes of one job from now on, the latest only for a slow reader. Ends when the signal aborts, the feed stops, or
   * all records are lost.
   */
  async *follow(id: string, signal: AbortSignal): AsyncGenerator<StoredJob> {
    const queue = new LatestByKey<StoredJob>();
    const leave = (): void => {
      queue.close();
    };
    const set = this.followers.get(id) ?? new Set();
    this.followers.set(id, set.add(queue));
    const either = AbortSignal.any([signal, this.stopping.signal]);
    either.addEventListener('abort', leave);
    if (either.aborted) leave();
    try {
      yield* queue;
    } finally {
      either.removeEventListener('abort', leave);
      set.delete(queue);
      if (set.size === 0) this.followers.delete(id);
    }
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.unlisten?.();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        for await (const change of this.kv.watch(JOB_PREFIX, { afterRevision: this.last, signal })) {
          this.last = Math.max(this.last, change.revision);
          const id = change.key.slice(JOB_PREFIX.length);
          if (change.value === undefined) this.activeJobs.delete(id);
          else this.note({ record: decodeRecord(change.value), revision: change.revision });
        }
      } catch {
        // The store is away: what is known stays, and the watch goes on where it was.
      }
      this.overlook();
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** No renewal could be seen meanwhile, so the silence of a worker counts from now on: running jobs outlast an outage. */
  private overlook(): void {
    const seenMs = performance.now();
    for (const [id, job] of this.activeJobs) this.activeJobs.set(id, { ...job, seenMs });
  }

  /** What was known is of records that are gone. */
  private reset(): void {
    this.last = 0;
    this.activeJobs.clear();
    for (const queues of this.followers.values()) for (const queue of queues) queue.close();
    for (const listener of this.resetListeners) listener();
  }

  private note(job: StoredJob): void {
    const { record } = job;
    if (isTerminal(record.state)) this.activeJobs.delete(record.id);
    else this.activeJobs.set(record.id, { ...job, seenMs: performance.now() });
    for (const queue of this.followers.get(record.id) ?? []) queue.push(record.id, job);
    for (const listener of this.listeners) listener(job);
  }
}

/** Whether the holder of the lease has been silent for longer than it promised. */
export function leaseIsStale(job: ActiveJob): boolean {
  const { lease }: JobRecord = job.record;
  return lease !== undefined && performance.now() - job.seenMs > lease.durationMs;
}
