import type { Home } from '../homes/homes.js';
import type { KindName, RequestOf } from '../jobs/contract-of.js';
import type { PrunedJob, PruneOptions } from '../jobs/prune.js';
import type { JobView } from './job-view.js';
import type { JobsClient } from './jobs-client.js';

/** A job of the data folder that is not done. */
export interface UnfinishedJob {
  readonly view: JobView;
  /** Its request is the one that was asked about, whatever their request ids. */
  readonly same: boolean;
  /** The process that works on it; undefined when that has died, and the job waits to be resumed. */
  readonly process?: Home | undefined;
}

/** The jobs of a data folder, with what only processes on that folder can do. */
export interface LocalJobs extends JobsClient {
  /** Jobs of a kind that are not done, steps of pipelines left out. */
  unfinished<K extends KindName>(kind: K, request: RequestOf[K]): Promise<readonly UnfinishedJob[]>;
  /**
   * Goes on in this process with a job whose process died; of a step, with its pipeline. Throws CONFLICT `JOB_RUNS_ELSEWHERE` while that
   * lives, INCOMPATIBLE `JOB_DONE` for a job that is done.
   */
  resume(name: string): Promise<JobView>;
  /** Removes jobs that ended long ago, with their artifacts in the store, and says which. */
  prune(options: PruneOptions): Promise<readonly PrunedJob[]>;
}
