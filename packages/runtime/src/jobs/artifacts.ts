import type { CacheRequest, ManifestSource, WrittenDigests } from '@eigenloom/checkpoint';
import type { common } from '@eigenloom/contracts';

/** One artifact to write. */
export interface CommitOptions {
  readonly jobId: string;
  /** '' for the main artifact. */
  readonly part: string;
  /** `file:` URI, or '' or `job:` for the artifact store. */
  readonly target: string;
  /** As in `Scratch`. */
  readonly stages: string | undefined;
  /** Asked for once `write` has run. */
  readonly manifest: () => ManifestSource;
  readonly signal: AbortSignal;
  /** Throws once another worker holds the lease; called right before the artifact becomes visible. */
  readonly fence: () => Promise<void>;
  readonly write: (staging: string) => Promise<WrittenDigests> | Promise<void>;
}

/** Where jobs read and write files. */
export interface Artifacts {
  /** Local path of a URI inside the allowed roots; `job:` is not among them. `field` is for the error. */
  resolve(uri: string, field: string): Promise<string>;
  /** Path that a result with this URI will have; undefined for the artifact store. */
  targetPath(uri: string, field: string): Promise<string | undefined>;
  /** Throws unless a new artifact may be written to this URI. */
  checkTarget(uri: string, field: string): Promise<void>;
  /** Stages, hashes, syncs, fences and renames. What the same job committed before is kept, and `write` does not run. */
  commit(options: CommitOptions): Promise<common.Artifact>;
  /** Folder of what is computed once for all jobs, found by its key. */
  cached(request: CacheRequest): Promise<string>;
  /** Folder of an artifact in the store. */
  folderOf(jobId: string, part: string, field: string): Promise<string>;
  /** Removes staging folders that attempts which died have left. */
  removeStages(isAlive: (jobId: string) => boolean | Promise<boolean>): Promise<void>;
  /** How many artifacts of a job the store holds, and the bytes of all that it holds of the job. */
  sizeOf(jobId: string): Promise<{ readonly stored: number; readonly bytes: number }>;
  /** Removes what the store holds of a job. */
  remove(jobId: string): Promise<void>;
}
