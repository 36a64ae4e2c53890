import type { common, ServiceKind } from '@eigenloom/contracts';
import type { KindName, RequestOf } from '../jobs/contract-of.js';
import type { JobUpdate, JobView } from './job-view.js';

/** Jobs as a caller sees them: the same in process (`startEmbedded`) and over gRPC (`createClient`). */
export interface JobsClient {
  /** Stores a job and returns at once; with `validateOnly` the view holds the estimate and has no name. */
  submit<K extends KindName>(kind: K, request: RequestOf[K], signal?: AbortSignal): Promise<JobView>;
  get(name: string): Promise<JobView>;
  /** Newest state of the job, then each change, to its end. Resumes by itself when a stream ends early. */
  watch(name: string, options?: { afterRevision?: bigint; signal?: AbortSignal }): AsyncIterable<JobUpdate>;
  /** The job when it is done. */
  wait(name: string, signal?: AbortSignal): Promise<JobView>;
  /** Asks the job to stop; does nothing to one that is done. */
  cancel(name: string): Promise<void>;
  /** Forgets a job that is done and removes its artifacts from the store. */
  delete(name: string): Promise<void>;
  /** All jobs in order of id. */
  list(): AsyncIterable<JobView>;
  /** Bytes of one file of a job's artifact; `path` as in ArtifactFile.path, or `manifest.json`. */
  readFile(name: string, path: string): AsyncIterable<Uint8Array>;
  methods(kind: ServiceKind): Promise<readonly common.Method[]>;
  close(): Promise<void>;
}

/** Follows a job to its end and returns it. */
export async function waitByWatching(
  client: Pick<JobsClient, 'watch'>,
  name: string,
  signal?: AbortSignal,
): Promise<JobView> {
  for (;;) {
    for await (const update of client.watch(name, signal === undefined ? {} : { signal })) {
      if (update.done) return update;
    }
    signal?.throwIfAborted();
  }
}
