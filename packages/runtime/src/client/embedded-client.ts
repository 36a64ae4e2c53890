import type { common, jobs, longrunning, ServiceKind } from '@eigenloom/contracts';
import { incompatible } from '@eigenloom/errors';
import { createReadStream } from 'node:fs';
import type { KindName, RequestOf } from '../jobs/contract-of.js';
import type { AnyJobKind } from '../jobs/job-kind.js';
import type { InterruptedJobs } from '../jobs/interrupted-jobs.js';
import type { JobService } from '../jobs/job-service.js';
import { parseOperationName } from '../jobs/job-store.js';
import { requestHashOf } from '../jobs/new-record.js';
import { toOperation } from '../jobs/operation.js';
import { prune, type PrunedJob, type PruneOptions, type PruneParts } from '../jobs/prune.js';
import { toJobView, type JobUpdate, type JobView } from './job-view.js';
import { waitByWatching } from './jobs-client.js';
import type { LocalJobs, UnfinishedJob } from './local-jobs.js';

const LIST_PAGE = 100;
const NEVER = new AbortController().signal;

/** The job service of this process as a client. */
export class EmbeddedClient implements LocalJobs {
  constructor(
    private readonly service: JobService,
    private readonly interrupted: InterruptedJobs,
    private readonly pruned: PruneParts,
    private readonly kinds: readonly AnyJobKind[],
    private readonly shutdown: () => Promise<void>,
  ) {}

  async submit<K extends KindName>(
    kind: K,
    request: RequestOf[K],
    signal: AbortSignal = NEVER,
  ): Promise<JobView> {
    return this.viewOf(await this.service.submit(kind, request, signal));
  }

  async get(name: string): Promise<JobView> {
    return this.viewOf(await this.service.get(name));
  }

  async *watch(
    name: string,
    { afterRevision = 0n, signal = NEVER }: { afterRevision?: bigint; signal?: AbortSignal } = {},
  ): AsyncGenerator<JobUpdate> {
    let after = afterRevision;
    for (let resume = true; resume;) {
      resume = false;
      for await (const message of this.service.watch(name, after, signal)) {
        resume = message.resume;
        if (message.revision > after || isDone(message)) yield updateOf(message);
        after = message.revision;
      }
    }
  }

  wait(name: string, signal?: AbortSignal): Promise<JobView> {
    return waitByWatching(this, name, signal);
  }

  cancel(name: string): Promise<void> {
    return this.service.cancel(name);
  }

  delete(name: string): Promise<void> {
    return this.service.delete(name);
  }

  async *list(): AsyncGenerator<JobView> {
    for (let after = ''; ;) {
      const page = await this.service.list(after, LIST_PAGE);
      for (const { operation } of page) yield await this.viewOf(operation);
      const last = page.at(-1);
      if (last === undefined || page.length < LIST_PAGE) return;
      after = last.id;
    }
  }

  async unfinished<K extends KindName>(kind: K, request: RequestOf[K]): Promise<readonly UnfinishedJob[]> {
    const hash = requestHashOf(kind, request);
    const found = await this.interrupted.unfinished(kind);
    return found.map(({ record, process }) => ({
      view: { ...toJobView(toOperation(record)), interrupted: process === undefined },
      same: record.requestHash === hash,
      process,
    }));
  }

  async resume(name: string): Promise<JobView> {
    const { record } = await this.interrupted.resume(parseOperationName(name));
    return toJobView(toOperation(record));
  }

  prune(options: PruneOptions): Promise<readonly PrunedJob[]> {
    return prune(this.pruned, options);
  }

  async *readFile(name: string, path: string): AsyncGenerator<Uint8Array> {
    for await (const chunk of createReadStream(await this.service.artifactPath(name, path))) {
      yield chunk as Uint8Array;
    }
  }

  methods(kind: ServiceKind): Promise<readonly common.Method[]> {
    const found = this.kinds.find((each) => each.kind === kind);
    if (found === undefined) {
      return Promise.reject(incompatible('KIND_NOT_SERVED', `there are no ${kind} jobs here`));
    }
    return Promise.resolve(found.methods);
  }

  close(): Promise<void> {
    return this.shutdown();
  }

  private async viewOf(operation: longrunning.Operation): Promise<JobView> {
    const view = toJobView(operation);
    if (view.done) return view;
    const record = await this.service.find(parseOperationName(view.name));
    return { ...view, interrupted: record !== undefined && (await this.interrupted.includes(record)) };
  }
}

const isDone = ({ operation }: jobs.WatchJobResponse): boolean => operation?.done === true;

/** A message of a watch, unpacked. */
export function updateOf({ operation, revision }: jobs.WatchJobResponse): JobUpdate {
  return { ...toJobView(operation as longrunning.Operation), revision };
}
