import { type common, jobs, type longrunning, type pipeline, mapUris } from '@eigenloom/contracts';
import { incompatible, invalidInput } from '@eigenloom/errors';
import type { Bus } from '../bus/bus.js';
import type { TraceFields } from '../bus/cloud-event.js';
import { currentTrace } from '../telemetry/trace-context.js';
import type { Coordinator } from '../pipelines/coordinator.js';
import { graphOf, type Node } from '../pipelines/graph.js';
import { stepJobId, stepRequest } from '../pipelines/plan.js';
import type { Artifacts } from './artifacts.js';
import { type KindName, methodOf, type RequestOf } from './contract-of.js';
import { publishHint } from './events.js';
import type { InterruptedJobs } from './interrupted-jobs.js';
import type { JobFeed } from './job-feed.js';
import type { AnyJobKind, JobKind, RequestContext } from './job-kind.js';
import { type JobStore, parseOperationName } from './job-store.js';
import { newRecord } from './new-record.js';
import { estimateOperation, toOperation } from './operation.js';
import { isTerminal, type JobRecord, operationName } from './record.js';
import type { ScratchFolders } from './scratch-folders.js';
import type { UriReader } from './uri-reader.js';
import { watchJob, type WatchTimes } from './watch-job.js';

/** What jobs are made of in one process. */
export interface JobServiceParts {
  readonly store: JobStore;
  readonly feed: JobFeed;
  readonly bus: Bus;
  readonly coordinator: Coordinator;
  readonly artifacts: Artifacts;
  readonly uris: UriReader;
  readonly kinds: readonly AnyJobKind[];
  /** Where processes share a data folder. */
  readonly interrupted?: InterruptedJobs | undefined;
  readonly scratchFolders: ScratchFolders;
  readonly watchTimes?: WatchTimes;
}

/** Submits, shows and ends jobs. Holds no state of its own: any process can answer for any job. */
export class JobService {
  constructor(private readonly parts: JobServiceParts) {}

  /**
   * Stores a job, or with `validate_only` only says what it would cost. The same request_id and body give the same operation; the
   * same request_id with another body throws InvalidInput `REQUEST_ID_REUSED`.
   */
  async submit<K extends KindName>(
    kind: K,
    request: RequestOf[K],
    signal: AbortSignal,
    trace: TraceFields = currentTrace(),
  ): Promise<longrunning.Operation> {
    const home = this.parts.interrupted?.home;
    const record = newRecord(kind, request, { trace, ...(home !== undefined && { home }) });
    if (request.requestId !== '' && !request.validateOnly) {
      const earlier = await this.parts.store.find(record.id);
      if (earlier !== undefined) return sameRequest(earlier.record, record);
    }
    const estimate = await this.check(kind, request, signal);
    if (request.validateOnly) return estimateOperation(kind, methodOf(kind, request), await estimate());
    return kind === 'pipeline'
      ? this.storePipeline(record, request as pipeline.RunPipelineRequest)
      : this.storeJob(record);
  }

  async get(name: string): Promise<longrunning.Operation> {
    return toOperation((await this.parts.store.get(parseOperationName(name))).record);
  }

  async find(id: string): Promise<JobRecord | undefined> {
    return (await this.parts.store.find(id))?.record;
  }

  async list(after: string, limit: number): Promise<{ id: string; operation: longrunning.Operation }[]> {
    const found = await this.parts.store.list(after, limit);
    return found.map(({ record }) => ({ id: record.id, operation: toOperation(record) }));
  }

  /** Best effort and idempotent: a job that is done stays as it is. */
  async cancel(name: string): Promise<void> {
    const { coordinator, store, interrupted } = this.parts;
    const id = parseOperationName(name);
    const left = (await interrupted?.includes((await store.get(id)).record)) === true;
    if (left) await interrupted?.takeOver(id);
    await coordinator.cancel(id);
    const { record } = await store.get(id);
    if (record.kind === 'pipeline') await coordinator.advance(id);
    if (left) await this.removeTraces([id, ...record.children]);
  }

  /** What attempts that died have left of jobs that are done. */
  private async removeTraces(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.parts.scratchFolders.remove(id);
    await this.parts.artifacts.removeStages((id) => !ids.includes(id));
  }

  /** Forgets a job that is done, and removes what the artifact store holds of it. */
  async delete(name: string): Promise<void> {
    const id = parseOperationName(name);
    const { record } = await this.parts.store.get(id);
    if (!isTerminal(record.state)) {
      throw incompatible('OPERATION_NOT_DONE', `${operationName(id)} is not done; cancel it first`);
    }
    await this.parts.artifacts.remove(id);
    await this.parts.store.delete(id);
  }

  watch(name: string, afterRevision: bigint, signal: AbortSignal): AsyncGenerator<jobs.WatchJobResponse> {
    return watchJob(
      this.parts,
      parseOperationName(name),
      afterRevision,
      signal,
      ...(this.parts.watchTimes === undefined ? [] : [this.parts.watchTimes]),
    );
  }

  /** The operation when it is done, or as it is when the signal aborts. */
  async wait(name: string, signal: AbortSignal): Promise<longrunning.Operation> {
    for (;;) {
      try {
        for await (const { operation } of this.watch(name, 0n, signal)) {
          if (operation?.done === true) return operation;
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      if (signal.aborted) return this.get(name);
    }
  }

  /** Local path of a file of a job's artifact. */
  async artifactPath(name: string, path: string): Promise<string> {
    const id = parseOperationName(name);
    if (path === '') throw invalidInput('PATH_MISSING', 'path', 'must name a file of the artifact');
    return this.parts.uris.resolve(`job:${id}/${path}`, 'path');
  }

  private async storeJob(record: JobRecord): Promise<longrunning.Operation> {
    const stored = await this.parts.store.create(record);
    if (stored === undefined) return this.duplicate(record);
    // The record is the truth; a hint that cannot be sent now is sent by the sweep.
    await publishHint(this.parts.bus, stored).catch(() => undefined);
    return toOperation(stored.record);
  }

  private async storePipeline(
    record: JobRecord,
    request: pipeline.RunPipelineRequest,
  ): Promise<longrunning.Operation> {
    const children = graphOf(request).map(({ id }) => stepJobId(record.id, id));
    const waiting = { ...record, state: jobs.JobState.WAITING, children };
    const stored = await this.parts.store.create(waiting);
    if (stored === undefined) return this.duplicate(record);
    await this.parts.coordinator.advance(record.id).catch(() => undefined);
    return toOperation((await this.parts.store.get(record.id)).record);
  }

  private async duplicate(record: JobRecord): Promise<longrunning.Operation> {
    return sameRequest((await this.parts.store.get(record.id)).record, record);
  }

  /** Validates; the result estimates on demand. */
  private async check(
    kind: KindName,
    request: RequestOf[KindName],
    signal: AbortSignal,
  ): Promise<() => Promise<common.Estimate>> {
    await this.parts.artifacts.checkTarget(request.outputUri, 'output_uri');
    if (kind === 'pipeline') return this.checkPipeline(request as pipeline.RunPipelineRequest, signal);
    const worker = this.parts.kinds.find((each) => each.kind === kind) as JobKind<never> | undefined;
    if (worker === undefined) throw incompatible('KIND_NOT_SERVED', `this server does no ${kind} jobs`);
    const context: RequestContext = {
      signal,
      resolve: (uri, field) => this.parts.uris.resolve(uri, field),
    };
    await worker.validate(request as never, context);
    return () => worker.estimate(request as never, context);
  }

  /** Steps that read other steps' artifacts can be checked only when those exist; steps of other services, by those. */
  private async checkPipeline(
    request: pipeline.RunPipelineRequest,
    signal: AbortSignal,
  ): Promise<() => Promise<common.Estimate>> {
    const estimates: (() => Promise<common.Estimate>)[] = [];
    const unchecked: string[] = [];
    for (const node of graphOf(request)) {
      const here = this.parts.kinds.some(({ kind }) => kind === node.kind);
      if (!here || readsSteps(node.request)) {
        unchecked.push(JSON.stringify(node.id));
        continue;
      }
      const step = { ...stepRequest('estimate', request, node), outputUri: '' };
      estimates.push(await this.check(node.kind, step, signal));
    }
    return async () => {
      const checked = sum(await Promise.all(estimates.map((estimate) => estimate())));
      return unchecked.length === 0 ? checked : { ...checked, notes: [...checked.notes, leftOut(unchecked)] };
    };
  }
}

const leftOut = (steps: readonly string[]): string =>
  `not counted, because they read what other steps make or another service runs them: ${steps.join(', ')}`;

/** Whether a request reads what another step makes. */
function readsSteps(request: Node['request']): boolean {
  let found = false;
  mapUris(request, [], (uri) => {
    found ||= uri.startsWith('step:');
    return uri;
  });
  return found;
}

function sum(estimates: readonly common.Estimate[]): common.Estimate {
  return estimates.reduce(
    (all, each) => ({
      durationSeconds: all.durationSeconds + each.durationSeconds,
      memoryBytes: all.memoryBytes > each.memoryBytes ? all.memoryBytes : each.memoryBytes,
      diskBytes: all.diskBytes + each.diskBytes,
      readBytes: all.readBytes + each.readBytes,
      notes: [...all.notes, ...each.notes],
    }),
    { durationSeconds: 0, memoryBytes: 0n, diskBytes: 0n, readBytes: 0n, notes: [] },
  );
}

function sameRequest(earlier: JobRecord, record: JobRecord): longrunning.Operation {
  if (earlier.requestHash !== record.requestHash) {
    throw invalidInput('REQUEST_ID_REUSED', 'request_id', 'was used before with another request');
  }
  return toOperation(earlier);
}
