import { DigestCache } from '@eigenloom/checkpoint';
import { SERVICE_KINDS } from '@eigenloom/contracts';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
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

  async start(): Promise<void> {
    const { artifacts, bus, kinds, log } = this.options;
    await this.scratchFolders.prepare();
    await removeLeftovers(this.store, artifacts, this.scratchFolders).catch((error: unknown) => {
      log.warn(
        { err: error },
        'what ended jobs left behind could not be removed; the next start tries again',
      );
    });
    this.feed.start();
    for (const worker of this.workers) await worker.start();
    const names = kinds.length === SERVICE_KINDS.length ? 'all' : kinds.map(({ kind }) => kind).join('-');
    // Every service sees the end of every job, because it may release a step of its own.
    this.ends = await bus.consume(
      { group: `pipelines-${names}`, subject: 'eigenloom.>', concurrency: 1 },
      async ({ event }) => {
        const parent = END.test(event.type) ? await this.parentOf(event.subject) : undefined;
        if (parent !== undefined) await this.coordinator.advance(parent);
        return { ack: true };
      },
    );
    this.unobserve = observeActive(this.feed);
    this.sweep.start();
    log.info({ kinds: kinds.map(({ kind }) => kind) }, 'ready for jobs');
  }

  /** Stops taking work, queues running jobs again, and ends all watches. */
  async stop(): Promise<void> {
    await Promise.all([...this.workers.map((worker) => worker.stop()), this.ends?.stop(), this.sweep.stop()]);
    this.unobserve?.();
    await this.feed.stop();
  }

  private async parentOf(id: string): Promise<string | undefined> {
    return (await this.jobs.find(id))?.parent;
  }
}

const END = /\.(completed|failed|cancelled)$/;
