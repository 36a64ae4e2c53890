import { jobs } from '@eigenloom/contracts';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Bus } from '../bus/bus.js';
import type { Coordinator } from '../pipelines/coordinator.js';
import { instruments } from '../telemetry/instruments.js';
import { countEnd } from '../telemetry/observe-job.js';
import type { KindName } from './contract-of.js';
import { publishEnd, publishHint } from './events.js';
import type { InterruptedJobs } from './interrupted-jobs.js';
import { type ActiveJob, type JobFeed, leaseIsStale } from './job-feed.js';
import type { JobStore } from './job-store.js';
import { isTerminal, type JobRecord } from './record.js';
import * as to from './transitions.js';

/** What the sweep may touch. */
export interface SweepOptions {
  readonly kinds: ReadonlySet<KindName>;
  readonly everyMs: number;
  /** A queued job unchanged for so long gets its hint again. */
  readonly rehintMs: number;
  /** Where processes share a data folder: only this one's jobs are looked after, and those that it takes over. */
  readonly interrupted?: InterruptedJobs | undefined;
}

/** Puts right what crashes leave: stale leases, lost hints, pipelines that missed an event. */
export class Sweep {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private readonly hinted = new Map<string, number>();

  constructor(
    private readonly store: JobStore,
    private readonly feed: JobFeed,
    private readonly bus: Bus,
    private readonly coordinator: Coordinator,
    private readonly options: SweepOptions,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.running ??= this.loop();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** One round. */
  async once(): Promise<void> {
    const active = [...this.feed.active()];
    for (const id of this.hinted.keys()) if (this.feed.find(id) === undefined) this.hinted.delete(id);
    for (const job of active) {
      if (job.record.kind !== 'pipeline' && !this.options.kinds.has(job.record.kind)) continue;
      await this.look(job).catch((error: unknown) => {
        this.log.debug({ err: error }, 'the sweep could not mend a job; it tries again');
      });
    }
  }

  private async loop(): Promise<void> {
    const { signal } = this.stopping;
    // A bus that has lost its events is told again what is queued.
    const unlisten = this.bus.onReset(() => {
      this.hinted.clear();
    });
    while (!signal.aborted) {
      await this.once();
      await delay(this.options.everyMs, undefined, { signal }).catch(() => undefined);
    }
    unlisten();
  }

  private async look(job: ActiveJob): Promise<void> {
    const { record } = job;
    const { interrupted } = this.options;
    if (interrupted !== undefined && record.home !== interrupted.home) {
      if (await interrupted.takesOver(record)) await interrupted.takeOver(record.id);
      return;
    }
    if (record.kind === 'pipeline') await this.coordinator.advance(record.id);
    else if (record.state === jobs.JobState.RUNNING) await this.reclaim(job);
    else if (record.state === jobs.JobState.QUEUED) await this.rehint(job);
  }

  private async reclaim(job: ActiveJob): Promise<void> {
    if (!leaseIsStale(job)) return;
    // Only what was seen to be stale: a renewal that this process has not seen yet has another revision.
    const taken: JobRecord[] = [];
    const mended = await this.store.update(job.record.id, (record, revision) => {
      taken.length = 0;
      if (revision === job.revision) taken.push(to.requeued(record));
      return taken[0];
    });
    if (taken.length === 0) return;
    instruments().leaseExpiries.add(1, { kind: job.record.kind });
    countEnd(mended.record);
    this.log.warn({ job: job.record.id, attempt: job.record.attempt }, 'the lease of a job ran out');
    if (isTerminal(mended.record.state)) await publishEnd(this.bus, mended.record);
    else if (mended.record.state === jobs.JobState.QUEUED) await publishHint(this.bus, mended);
  }

  /** The first time a process sees a queued job counts too: a bus that forgot is told at once. */
  private async rehint(job: ActiveJob): Promise<void> {
    const last = this.hinted.get(job.record.id);
    const now = performance.now();
    if (last !== undefined && now - last < this.options.rehintMs) return;
    await publishHint(this.bus, job);
    this.hinted.set(job.record.id, now);
  }
}
