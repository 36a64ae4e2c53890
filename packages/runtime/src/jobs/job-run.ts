import { type DigestCache } from '@eigenloom/checkpoint';
import { type common, jobs } from '@eigenloom/contracts';
import { AppError, conflict, toAppError, withPath } from '@eigenloom/errors';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Artifacts, CommitOptions } from './artifacts.js';
import { contractOf, type KindName, type RequestOf, type ResponseOf } from './contract-of.js';
import { fitResponse } from './fit-response.js';
import type { JobFeed } from './job-feed.js';
import type { JobContext, Lineage } from './job-kind.js';
import type { JobStore } from './job-store.js';
import { manifestOf } from './manifest.js';
import { isDiskFull, notRecorded } from './not-recorded.js';
import { ProgressTracker } from './progress-tracker.js';
import { isTerminal, type JobRecord, type Lease, operationName, type StoredJob } from './record.js';
import type { Scratch, ScratchFolders } from './scratch-folders.js';
import type { UriReader } from './uri-reader.js';
import * as to from './transitions.js';

/** What a run needs of its process. */
export interface RunEnvironment {
  readonly store: JobStore;
  readonly feed: JobFeed;
  readonly artifacts: Artifacts;
  readonly uris: UriReader;
  readonly scratchFolders: ScratchFolders;
  readonly digests: DigestCache;
  readonly log: Logger;
  /** Who reads the errors of jobs owns the machine, and is told whole paths. */
  readonly showPaths: boolean;
  /** Progress is stored at most this often. */
  readonly progressMs: number;
}

/** The work of a kind, without its type. */
export type Work = (request: RequestOf[KindName], context: JobContext) => Promise<ResponseOf[KindName]>;

/** How long a finished run waits for a store that is away before it leaves the job to its lease. */
const STORE_PATIENCE_MS = 600_000;
const STORE_RETRY_MS = 500;
/** Others may make room on a full disk, but nobody waits for that without a word. */
const FULL_DISK_TRIES = 10;

/** Ends a run that may not store how it ended. */
const DROPPED: ReadonlySet<string> = new Set(['LEASE_LOST', 'RECORD_GONE']);

/** Whether an error says that the job is no longer this worker's. */
export const isDropped = (error: unknown): boolean => DROPPED.has(toAppError(error).reason);

const recordGone = (): AppError =>
  conflict(
    'RECORD_GONE',
    'the record of the job is gone, so its work is dropped and nothing of it is kept; submit it again',
    {
      retryable: false,
    },
  );

const leaseLost = (): AppError =>
  conflict('LEASE_LOST', 'another worker has taken the job', { retryable: false });

/** One start of a job by this worker, under one lease. */
export class JobRun {
  private readonly stop = new AbortController();
  private readonly progress = new ProgressTracker();
  private readonly lease: Lease;
  private readonly id: string;
  private readonly log: Logger;

  constructor(
    private readonly environment: RunEnvironment,
    private readonly job: StoredJob & { record: JobRecord & { lease: Lease } },
  ) {
    const { id, lease, kind, method, attempt } = job.record;
    this.id = id;
    this.lease = lease;
    this.log = environment.log.child({ job: operationName(id), kind, method, attempt });
  }

  /** Runs to the end and stores how it ended. Returns the record afterwards, or undefined when the lease was lost. */
  async execute(work: Work, shutdown: AbortSignal): Promise<JobRecord | undefined> {
    const leave = (): void => {
      this.stop.abort(new AppError('CANCELLED', 'SHUTTING_DOWN', 'the worker is stopping'));
    };
    shutdown.addEventListener('abort', leave);
    if (shutdown.aborted) leave();
    const unlisten = this.environment.feed.onChange((job) => {
      this.see(job.record);
    });
    const unlistenReset = this.environment.feed.onReset(() => {
      this.stop.abort(recordGone());
    });
    const beating = new AbortController();
    const heart = this.beat(beating.signal);
    const started = performance.now();
    this.log.info('the attempt starts');
    try {
      const end = await this.attempt(work);
      const record = await this.finish(end, shutdown);
      if (record !== undefined) {
        const seconds = Number(((performance.now() - started) / 1000).toFixed(3));
        this.log.info({ state: jobs.jobStateToJSON(record.state), seconds }, 'the attempt ended');
      }
      return record;
    } finally {
      beating.abort();
      unlisten();
      unlistenReset();
      shutdown.removeEventListener('abort', leave);
      await heart;
    }
  }

  private async attempt(work: Work): Promise<(record: JobRecord) => JobRecord> {
    const contract = contractOf(this.job.record.kind);
    try {
      const request = contract.request.decode(Buffer.from(this.job.record.request, 'base64'));
      const scratch = await this.scratchOf(request);
      this.stop.signal.throwIfAborted();
      const response = await work(request, this.context(scratch));
      const bytes = (contract as { response: { encode(m: unknown): { finish(): Uint8Array } } }).response
        .encode(fitResponse(this.job.record.kind, response as never))
        .finish();
      return (record) => to.succeeded(record, bytes);
    } catch (error) {
      return this.endOf(error);
    }
  }

  private async scratchOf({ outputUri }: RequestOf[KindName]): Promise<Scratch> {
    const { artifacts, scratchFolders } = this.environment;
    return scratchFolders.open(this.id, await artifacts.targetPath(outputUri, 'output_uri'));
  }

  private endOf(thrown: unknown): (record: JobRecord) => JobRecord {
    const { signal } = this.stop;
    const error: unknown = signal.aborted ? signal.reason : thrown;
    const { reason } = toAppError(error);
    if (isDropped(error)) throw error;
    if (signal.aborted) return reason === 'SHUTTING_DOWN' ? to.requeued : to.cancelled;
    this.log.warn({ err: thrown }, 'the attempt failed');
    const told = this.environment.showPaths ? withPath(thrown) : thrown;
    return (record) => (record.cancelRequested ? to.cancelled(record) : to.afterError(record, told));
  }

  private async finish(
    end: (record: JobRecord) => JobRecord,
    shutdown: AbortSignal,
  ): Promise<JobRecord | undefined> {
    const deadline = performance.now() + STORE_PATIENCE_MS;
    let full = 0;
    for (;;) {
      try {
        const { record } = await this.writeUnderLease(end);
        if (isTerminal(record.state)) await this.removeTraces();
        return record;
      } catch (error) {
        const { kind, reason } = toAppError(error);
        if (reason === 'RECORD_TOO_LARGE') return this.finish((r) => to.failed(r, error), shutdown);
        if (isDiskFull(error) && (full += 1) < FULL_DISK_TRIES && !shutdown.aborted) {
          await delay(STORE_RETRY_MS);
          continue;
        }
        if (isDiskFull(error)) this.environment.feed.tell(this.id, notRecorded(this.id, error));
        if (kind !== 'DEPENDENCY_DOWN' || shutdown.aborted || performance.now() > deadline) throw error;
        await delay(STORE_RETRY_MS);
      }
    }
  }

  /** Also of attempts that died: none of them can commit any more. */
  private async removeTraces(): Promise<void> {
    await this.environment.scratchFolders.remove(this.id);
    await this.environment.artifacts.removeStages((id) => id !== this.id);
  }

  private async writeUnderLease(change: (record: JobRecord) => JobRecord): Promise<StoredJob> {
    try {
      return await this.environment.store.update(this.id, (record) => {
        to.assertLease(record, this.lease);
        return change(record);
      });
    } catch (error) {
      throw toAppError(error).reason === 'OPERATION_NOT_FOUND' ? recordGone() : error;
    }
  }

  /** Throws once the job is no longer this worker's. Waits for a store that is away: nobody may go on without its word. */
  private async fence(): Promise<void> {
    const { signal } = this.stop;
    const deadline = performance.now() + STORE_PATIENCE_MS;
    for (;;) {
      signal.throwIfAborted();
      try {
        await this.writeUnderLease((record) => ({ ...record }));
        return;
      } catch (error) {
        if (toAppError(error).kind !== 'DEPENDENCY_DOWN' || performance.now() > deadline) throw error;
        await delay(STORE_RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Renews the lease, with the latest progress, often enough that the store may be away for a while. */
  private async beat(signal: AbortSignal): Promise<void> {
    const { progressMs } = this.environment;
    let renewed = performance.now();
    for (;;) {
      await delay(Math.min(progressMs, this.lease.durationMs / 4), undefined, { signal }).catch(
        () => undefined,
      );
      if (signal.aborted) return;
      const progress = this.progress.take();
      const due = performance.now() - renewed >= this.lease.durationMs / 3;
      if (progress === undefined && !due) continue;
      try {
        const { record } = await this.writeUnderLease((r) =>
          progress ? to.withProgress(r, progress) : { ...r },
        );
        renewed = performance.now();
        this.see(record);
      } catch (error) {
        if (isDropped(error)) this.stop.abort(error);
      }
    }
  }

  private see(record: JobRecord): void {
    if (record.id !== this.id || this.stop.signal.aborted) return;
    const mine = record.lease?.owner === this.lease.owner && record.lease.token === this.lease.token;
    if (record.attempt > this.lease.token || (record.attempt === this.lease.token && !mine)) {
      if (!isTerminal(record.state)) this.stop.abort(leaseLost());
    } else if (mine && record.cancelRequested) {
      this.stop.abort(new AppError('CANCELLED', 'CANCELLED', 'the job was cancelled'));
    }
  }

  private context({ folder, cacheFolder, stages }: Scratch): JobContext {
    const { artifacts, digests, uris } = this.environment;
    const { signal } = this.stop;
    const fence = (): Promise<void> => this.fence();
    return {
      name: operationName(this.id),
      log: this.log,
      scratch: folder,
      attempt: this.job.record.attempt,
      signal,
      digests,
      fence,
      progress: (update) => {
        this.progress.report(update);
      },
      resolve: (uri, field) => uris.resolve(uri, field),
      commit: (
        part: string,
        target: string,
        lineage: Lineage | (() => Lineage),
        write: CommitOptions['write'],
      ): Promise<common.Artifact> =>
        artifacts.commit({
          jobId: this.id,
          part,
          target,
          stages,
          manifest: () => manifestOf(this.job.record, typeof lineage === 'function' ? lineage() : lineage),
          signal,
          fence,
          write,
        }),
      cached: (key, write) => artifacts.cached({ key, scratch: cacheFolder, write, signal }),
    };
  }
}
