import { conflict, incompatible } from '@eigenloom/errors';
import { jobs } from '@eigenloom/contracts';
import type { Bus } from '../bus/bus.js';
import type { Home, Homes } from '../homes/homes.js';
import { countEnd } from '../telemetry/observe-job.js';
import type { KindName } from './contract-of.js';
import { publishEnd, publishHint } from './events.js';
import type { JobStore } from './job-store.js';
import { isTerminal, type JobRecord, operationName, type StoredJob } from './record.js';
import * as to from './transitions.js';

/**
 * Jobs whose process died before they ended. They are found only in a data folder that processes share: on a mesh any worker takes any
 * job, and its lease tells who has it.
 */
export class InterruptedJobs {
  constructor(
    private readonly homes: Homes,
    private readonly store: JobStore,
    private readonly bus: Bus,
  ) {}

  /** The home of the jobs that this process submits. */
  get home(): string {
    return this.homes.own;
  }

  /** Whether nobody works on a job any more, and nobody will unless it is taken over. */
  async includes({ state, home }: JobRecord): Promise<boolean> {
    if (isTerminal(state) || home === this.homes.own) return false;
    return home === undefined || !(await this.homes.isAlive(home));
  }

  /** Whether this process takes it over without being asked: services go on with services' jobs, and what was cancelled is ended. */
  async takesOver(record: JobRecord): Promise<boolean> {
    if (!(await this.includes(record))) return false;
    const service = record.home === undefined || this.homes.describe(record.home)?.role !== 'command';
    return record.cancelRequested || (service && this.homes.role === 'service');
  }

  /** Throws INCOMPATIBLE `JOB_INTERRUPTED` for a job that waits for somebody to ask for it. */
  async assertGoesOn(record: JobRecord): Promise<void> {
    if (!(await this.includes(record)) || (await this.takesOver(record))) return;
    const { id } = record;
    throw incompatible(
      'JOB_INTERRUPTED',
      `${operationName(id)} does not run: its process ended before it. Go on with: eigenloom jobs resume ${id}; give it up with: eigenloom jobs cancel ${id}`,
    );
  }

  /** Jobs of a kind that are not done, steps left out, with the processes that work on them; without one the job is interrupted. */
  async unfinished(kind: KindName): Promise<{ record: JobRecord; process: Home | undefined }[]> {
    const found: { record: JobRecord; process: Home | undefined }[] = [];
    for (const { record } of await this.store.list('', Infinity)) {
      if (record.kind !== kind || record.parent !== undefined || isTerminal(record.state)) continue;
      const left = await this.includes(record);
      // The sweep ends it.
      if (left && record.cancelRequested) continue;
      found.push({ record, process: left ? undefined : this.homes.describe(record.home ?? '') });
    }
    return found;
  }

  /** Goes on with an interrupted job; of a step, with its pipeline. Throws INCOMPATIBLE `JOB_DONE`, and as `takeOver`. */
  async resume(id: string): Promise<StoredJob> {
    const { record } = await this.store.get(id);
    const job = await this.takeOver(record.parent ?? id);
    if (isTerminal(job.record.state)) {
      throw incompatible('JOB_DONE', `${operationName(job.record.id)} is done; there is nothing to resume`);
    }
    return job;
  }

  /**
   * Makes this process the home of a job and its steps; what was running is queued again. Throws CONFLICT `JOB_RUNS_ELSEWHERE` when
   * its process lives.
   */
  async takeOver(id: string): Promise<StoredJob> {
    const job = await this.store.get(id);
    const taken = await this.takeOne(job);
    for (const child of taken.record.children) {
      const step = await this.store.find(child);
      if (step !== undefined && (await this.includes(step.record))) await this.takeOne(step);
    }
    return taken;
  }

  private async takeOne({ record: seen }: StoredJob): Promise<StoredJob> {
    if (!isTerminal(seen.state) && seen.home !== this.home && !(await this.includes(seen))) {
      throw this.runsElsewhere(seen);
    }
    const changed: JobRecord[] = [];
    const job = await this.store.update(seen.id, (record) => {
      changed.length = 0;
      // Another process may have been faster.
      if (isTerminal(record.state) || record.home !== seen.home || record.home === this.home)
        return undefined;
      const home = { ...record, home: this.home };
      changed.push(record.state === jobs.JobState.RUNNING ? to.requeued(home) : ended(home));
      return changed[0];
    });
    if (!isTerminal(job.record.state) && job.record.home !== this.home) throw this.runsElsewhere(job.record);
    if (changed.length > 0) await this.announce(job);
    return job;
  }

  private async announce(job: StoredJob): Promise<void> {
    const { record } = job;
    if (isTerminal(record.state)) {
      countEnd(record);
      await publishEnd(this.bus, record);
    } else if (record.state === jobs.JobState.QUEUED) {
      await publishHint(this.bus, job);
    }
  }

  private runsElsewhere({ id, home = '' }: JobRecord): Error {
    const other = this.homes.describe(home);
    const who = other === undefined ? 'another process' : `process ${String(other.pid)} on ${other.host}`;
    return conflict(
      'JOB_RUNS_ELSEWHERE',
      `${who} works on ${operationName(id)}; follow it with: eigenloom jobs watch ${id}`,
      { retryable: false },
    );
  }
}

/** What was cancelled and never started ends here. */
const ended = (record: JobRecord): JobRecord =>
  record.cancelRequested && record.kind !== 'pipeline' ? to.cancelled(record) : record;
