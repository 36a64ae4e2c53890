import { DigestCache } from '@eigenloom/checkpoint';
import { SERVICE_KINDS } from '@eigenloom/contracts';
import { toAppError } from '@eigenloom/errors';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Bus, Consumption } from './bus/bus.js';
import type { Artifacts } from './jobs/artifacts.js';
import type { KindName } from './jobs/contract-of.js';
import { JobFeed } from './jobs/job-feed.js';
import type { AnyJobKind } from './jobs/job-kind.js';
import type { RunEnvironment } from './jobs/job-run.js';
import { JobService } from './jobs/job-service.js';
import { JobStore } from './jobs/job-store.js';
import type { InterruptedJobs } from './jobs/interrupted-jobs.js';
import { removeLeftovers } from './jobs/leftovers.js';
import { ScratchFolders } from './jobs/scratch-folders.js';
import { Sweep } from './jobs/sweep.js';
import { UriReader } from './jobs/uri-reader.js';
import type { WatchTimes } from './jobs/watch-job.js';
import { Worker } from './jobs/worker.js';
import type { KeyValueStore } from './kv/key-value-store.js';
import { observeActive } from './telemetry/observe-job.js';
import { Coordinator } from './pipelines/coordinator.js';

/** Times and sizes of a node; the defaults suit production, tests shorten them. */
export interface NodeTuning {
  readonly leaseMs?: number;
  readonly progressMs?: number;
  readonly sweepMs?: number;
  readonly rehintMs?: number;
  /** Jobs at a time, for each kind. */
  readonly concurrency?: number;
  readonly watchTimes?: WatchTimes;
}

/** What a node is built on. */
export interface NodeOptions extends NodeTuning {
  readonly kinds: readonly AnyJobKind[];
  readonly kv: KeyValueStore;
  readonly bus: Bus;
  readonly artifacts: Artifacts;
  readonly dataFolder: string;
  readonly log: Logger;
  /** Where processes share a data folder; none where a mesh coordinates them. */
  readonly interrupted?: InterruptedJobs | undefined;
  /** Errors of jobs name whole paths; not for clients elsewhere. */
  readonly showPaths?: boolean;
}

/** Jobs of some kinds in this process: their service, their workers, the sweep and the pipelines. */
export class Node {
  readonly jobs: JobService;
  private readonly store: JobStore;
  private readonly scratchFolders: ScratchFolders;
  private readonly feed: JobFeed;
  private readonly sweep: Sweep;
  private readonly workers: readonly Worker[];
  private readonly coordinator: Coordinator;
  private ends: Consumption | undefined;
  private unobserve: (() => void) | undefined;

  constructor(private readonly options: NodeOptions) {
    const { kinds, kv, bus, artifacts, log } = options;
    const owner = `${hostname()}/${String(process.pid)}/${randomUUID().slice(0, 8)}`;
    const store = new JobStore(kv);
    this.store = store;
    this.scratchFolders = new ScratchFolders(join(options.dataFolder, 'scratch'));
    const uris = new UriReader(store, artifacts);
    const own: ReadonlySet<KindName> = new Set(kinds.map(({ kind }) => kind));
    this.feed = new JobFeed(kv);
    this.coordinator = new Coordinator(store, bus, own);
    const { feed, coordinator, scratchFolders } = this;
    const { interrupted } = options;
    this.jobs = new JobService({
      store,
      feed,
      bus,
      coordinator,
      artifacts,
      uris,
      kinds,
      interrupted,
      scratchFolders,
      ...(options.watchTimes && { watchTimes: options.watchTimes }),
    });
    const environment: RunEnvironment = {
      store,
      feed,
      artifacts,
      uris,
      log,
      scratchFolders,
      showPaths: options.showPaths ?? false,
      digests: new DigestCache(join(options.dataFolder, 'digests')),
      progressMs: options.progressMs ?? 1_000,
    };
    const { leaseMs = 30_000, concurrency = 1, sweepMs = 5_000, rehintMs = 60_000 } = options;
    this.workers = kinds.map(
      (kind) => new Worker(kind, bus, environment, { owner, concurrency, leaseMs, home: interrupted?.home }),
    );
    this.sweep = new Sweep(
      store,
      feed,
      bus,
      coordinator,
      { kinds: own, everyMs: sweepMs, rehintMs, interrupted },
      log,
    );
  }

  /** Waits while the store or the bus goes away again meanwhile; the signal gives the start up. */
  async start(signal: AbortSignal = NEVER): Promise<void> {
    const { kinds, log } = this.options;
    await this.scratchFolders.prepare();
    await this.removeLeftovers();
    this.feed.start();
    for (const worker of this.workers) await patiently(() => worker.start(), signal);
    this.ends = await patiently(() => this.followEnds(), signal);
    this.unobserve = observeActive(this.feed);
    this.sweep.start();
    log.info({ kinds: kinds.map(({ kind }) => kind) }, 'ready for jobs');
  }

  private removeLeftovers(): Promise<void> {
    const { artifacts, log } = this.options;
    return removeLeftovers(this.store, artifacts, this.scratchFolders).catch((error: unknown) => {
      log.warn(
        { err: error },
        'what ended jobs left behind could not be removed; the next start tries again',
      );
    });
  }

  private followEnds(): Promise<Consumption> {
    const { bus, kinds } = this.options;
    const names = kinds.length === SERVICE_KINDS.length ? 'all' : kinds.map(({ kind }) => kind).join('-');
    // Every service sees the end of every job, because it may release a step of its own.
    return bus.consume(
      { group: `pipelines-${names}`, subject: 'eigenloom.>', concurrency: 1 },
      async ({ event }) => {
        const parent = END.test(event.type) ? await this.parentOf(event.subject) : undefined;
        if (parent !== undefined) await this.coordinator.advance(parent);
        return { ack: true };
      },
    );
  }

  /** Stops taking work, queues running jobs again, and ends all watches. */
  /** Names of the jobs that run in this process now. */
  get running(): readonly string[] {
    return this.workers.flatMap((worker) => worker.running);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.workers.map((worker) => worker.stop()), this.ends?.stop(), this.sweep.stop()]);
    this.unobserve?.();
    await this.feed.stop();
  }

  private async parentOf(id: string): Promise<string | undefined> {
    return (await this.jobs.find(id))?.parent;
  }
}

const NEVER = new AbortController().signal;
const RETRY_MS = 500;

/** Tries again while it fails because the bus is away. */
async function patiently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (toAppError(error).kind !== 'DEPENDENCY_DOWN') throw error;
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

const END = /\.(completed|failed|cancelled)$/;
