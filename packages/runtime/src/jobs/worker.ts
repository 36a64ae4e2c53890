import { toAppError } from '@eigenloom/errors';
import { eventSubject, jobs, type ServiceKind } from '@eigenloom/contracts';
import type { Bus, Consumption, Delivery, Verdict } from '../bus/bus.js';
import { instruments } from '../telemetry/instruments.js';
import { countEnd, observeAttempt } from '../telemetry/observe-job.js';
import { publishEnd } from './events.js';
import type { AnyJobKind } from './job-kind.js';
import { isDropped, JobRun, type RunEnvironment, type Work } from './job-run.js';
import { isDiskFull, notRecorded } from './not-recorded.js';
import { isTerminal, type JobRecord, type Lease, operationName, type StoredJob } from './record.js';
import * as to from './transitions.js';

/** How a service works on its kind of jobs. */
export interface WorkerOptions {
  /** Names the process in leases. */
  readonly owner: string;
  readonly concurrency: number;
  readonly leaseMs: number;
  /** Takes only jobs of this home. */
  readonly home?: string | undefined;
}

const ACK: Verdict = { ack: true };
const UNREACHABLE_DELAY_MS = 2_000;
/** Deliveries that found no room for the record before those who wait are told. */
const FULL_DISK_ATTEMPTS = 3;

/** Takes queued jobs of one kind from the bus and runs them. */
export class Worker {
  private consumption: Consumption | undefined;
  private readonly kind: ServiceKind;
  private readonly names = new Set<string>();

  constructor(
    private readonly job: AnyJobKind,
    private readonly bus: Bus,
    private readonly environment: RunEnvironment,
    private readonly options: WorkerOptions,
  ) {
    this.kind = job.kind;
  }

  /** Names of the jobs that run now. */
  get running(): readonly string[] {
    return [...this.names];
  }

  async start(): Promise<void> {
    const { concurrency } = this.options;
    this.consumption = await this.bus.consume(
      { group: `work-${this.kind}`, subject: eventSubject(this.kind, 'submitted'), concurrency },
      (delivery) => this.handle(delivery),
    );
  }

  /** Stops taking jobs, lets running ones save what they have, and queues them again. */
  async stop(): Promise<void> {
    await this.consumption?.stop();
  }

  private async handle({ event, attempt, signal }: Delivery): Promise<Verdict> {
    if (attempt > 1) instruments().redeliveries.add(1, { kind: this.kind });
    try {
      const claim = await this.claim(event.subject);
      if ('verdict' in claim) return claim.verdict;
      this.environment.feed.tell(event.subject, undefined);
      return await this.run(claim.job, signal);
    } catch (error) {
      const { kind, message } = toAppError(error);
      if (isDropped(error)) {
        const job = operationName(event.subject);
        this.environment.log.warn({ job, kind: this.kind }, `the attempt ended: ${message}`);
        return ACK;
      }
      if (kind === 'NOT_FOUND') return ACK;
      if (isDiskFull(error) && attempt >= FULL_DISK_ATTEMPTS) {
        this.environment.feed.tell(event.subject, notRecorded(event.subject, error));
      }
      this.environment.log.error({ err: error, job: event.subject }, 'a delivery failed');
      return { nak: true, delayMs: UNREACHABLE_DELAY_MS };
    }
  }

  /** Takes the lease of a queued job. Running jobs are left to the sweep, which sees when their lease is stale. */
  private async claim(id: string): Promise<{ verdict: Verdict } | { job: StoredJob }> {
    const { owner, leaseMs, home } = this.options;
    const claim: { verdict?: Verdict } = {};
    const job = await this.environment.store.update(id, (record) => {
      claim.verdict = ACK;
      if (record.state !== jobs.JobState.QUEUED || record.kind !== this.kind) return undefined;
      if (home !== undefined && record.home !== home) return undefined;
      const waitMs = record.notBefore === undefined ? 0 : Date.parse(record.notBefore) - Date.now();
      // No delay is that long: the clock that set it differs from this one.
      if (waitMs > 0 && waitMs <= to.LONGEST_DELAY_MS) {
        claim.verdict = { nak: true, delayMs: waitMs };
        return undefined;
      }
      delete claim.verdict;
      return to.started(record, owner, leaseMs);
    });
    return claim.verdict === undefined ? { job } : { verdict: claim.verdict };
  }

  private async run(job: StoredJob, shutdown: AbortSignal): Promise<Verdict> {
    const { log } = this.environment;
    const run = new JobRun(this.environment, job as StoredJob & { record: JobRecord & { lease: Lease } });
    const work = this.job.run.bind(this.job) as Work;
    const name = operationName(job.record.id);
    this.names.add(name);
    const record = await observeAttempt(job.record, () => run.execute(work, shutdown)).finally(() => {
      this.names.delete(name);
    });
    if (record === undefined) return ACK;
    if (isTerminal(record.state)) {
      countEnd(record);
      await publishEnd(this.bus, record).catch((error: unknown) => {
        log.warn({ err: error }, 'the end of a job was not announced; the sweep will see it');
      });
      return ACK;
    }
    return {
      nak: true,
      delayMs: record.notBefore === undefined ? 0 : Date.parse(record.notBefore) - Date.now(),
    };
  }
}
