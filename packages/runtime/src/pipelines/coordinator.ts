import { jobs, pipeline } from '@eigenloom/contracts';
import { AppError } from '@eigenloom/errors';
import type { Bus } from '../bus/bus.js';
import { fromStatus } from '../errors/from-status.js';
import { contractOf, type KindName } from '../jobs/contract-of.js';
import { fitResponse } from '../jobs/fit-response.js';
import { publishEnd, publishHint } from '../jobs/events.js';
import type { JobStore } from '../jobs/job-store.js';
import { isTerminal, type JobRecord, operationName } from '../jobs/record.js';
import { toOperation } from '../jobs/operation.js';
import * as to from '../jobs/transitions.js';
import { countEnd } from '../telemetry/observe-job.js';
import { stepRecords } from './plan.js';

const { SUCCEEDED, FAILED, CANCELLED, WAITING } = jobs.JobState;

/**
 * Moves pipelines on. Every service has one and calls it on the events of jobs and in its sweep; each step it takes is a
 * compare-and-set that any of them may repeat. A coordinator releases only steps of its own kinds.
 */
export class Coordinator {
  constructor(
    private readonly store: JobStore,
    private readonly bus: Bus,
    private readonly kinds: ReadonlySet<KindName>,
  ) {}

  /** Does what the pipeline's steps call for now. */
  async advance(pipelineId: string): Promise<void> {
    const found = await this.store.find(pipelineId);
    if (found === undefined || isTerminal(found.record.state)) return;
    const parent = found.record;
    const request = pipeline.RunPipelineRequest.decode(Buffer.from(parent.request, 'base64'));
    const steps = await this.steps(stepRecords(parent, request));
    const broken = steps.find(({ state }) => state === FAILED || state === CANCELLED);
    if (parent.cancelRequested || broken !== undefined) {
      await Promise.all(steps.map((step) => this.cancel(step.id)));
    } else {
      await this.release(steps);
    }
    const now = await this.steps(steps);
    if (now.every(({ state }) => isTerminal(state))) await this.finish(parent, now);
    else await this.report(parent, now);
  }

  /** Cancels one job, and tells the bus when that ended it. */
  async cancel(id: string): Promise<void> {
    const { record } = await this.store.update(id, to.cancelRequested);
    if (record.state === CANCELLED) await publishEnd(this.bus, record);
  }

  private steps(planned: readonly JobRecord[]): Promise<JobRecord[]> {
    return Promise.all(
      planned.map(async (record) => {
        const stored = (await this.store.find(record.id)) ?? (await this.store.create(record));
        return (stored ?? (await this.store.get(record.id))).record;
      }),
    );
  }

  private async release(steps: readonly JobRecord[]): Promise<void> {
    const done = new Set(steps.filter(({ state }) => state === SUCCEEDED).map(({ id }) => id));
    for (const step of steps) {
      const ready = step.state === WAITING && step.needs.every((id) => done.has(id));
      if (!ready || !this.kinds.has(step.kind)) continue;
      const released = await this.store.update(step.id, (record) =>
        record.state === WAITING ? to.released(record) : undefined,
      );
      if (released.record.state === jobs.JobState.QUEUED) await publishHint(this.bus, released);
    }
  }

  private async report(parent: JobRecord, steps: readonly JobRecord[]): Promise<void> {
    const done = steps.filter(({ state }) => state === SUCCEEDED).length;
    const phase = `${String(done)} of ${String(steps.length)} steps`;
    await this.store.update(parent.id, (record) =>
      isTerminal(record.state) || record.progress?.phase === phase
        ? undefined
        : to.withProgress(record, {
            percent: (100 * done) / steps.length,
            phase,
            metrics: {},
            updateTime: new Date().toISOString(),
          }),
    );
  }

  private async finish(parent: JobRecord, steps: readonly JobRecord[]): Promise<void> {
    const end = endOf(steps);
    const ended: JobRecord[] = [];
    const { record } = await this.store.update(parent.id, (current) => {
      ended.length = 0;
      if (!isTerminal(current.state)) ended.push(end(current));
      return ended[0];
    });
    ended.forEach(countEnd);
    await publishEnd(this.bus, record);
  }
}

function endOf(steps: readonly JobRecord[]): (record: JobRecord) => JobRecord {
  const failed = steps.find(({ state }) => state === FAILED);
  if (failed !== undefined) {
    const error = stepError(failed);
    return (record) => to.failed(record, error);
  }
  if (steps.some(({ state }) => state === CANCELLED)) return to.cancelled;
  const response = pipeline.RunPipelineResponse.encode(
    fitResponse('pipeline', { steps: steps.map(resultOf) }),
  ).finish();
  return (record) => to.succeeded(record, response);
}

/** The step's own error, saying which step it was. */
function stepError(step: JobRecord): AppError {
  const { result } = toOperation(step);
  const id = step.stepId ?? step.id;
  if (result?.$case !== 'error') return new AppError('INTERNAL', 'STEP_FAILED', `step ${id} failed`);
  const { kind, reason, message, details, fieldViolations } = fromStatus(result.value);
  return new AppError(kind, reason, `step ${id}: ${message}`, {
    details: { ...details, step: id, operation: operationName(step.id) },
    fieldViolations,
  });
}

function resultOf(step: JobRecord): pipeline.StepResult {
  const contract = contractOf(step.kind) as {
    response: { decode(bytes: Uint8Array): unknown };
    artifacts(response: unknown): Record<string, pipeline.StepResult['artifact']>;
  };
  const parts = contract.artifacts(contract.response.decode(Buffer.from(step.response ?? '', 'base64')));
  return {
    id: step.stepId ?? '',
    operation: operationName(step.id),
    artifact: parts[''],
    residual: parts.residual,
  };
}
