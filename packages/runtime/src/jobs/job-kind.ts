import type { DigestCache, WrittenDigests } from '@eigenloom/checkpoint';
import type { common, ServiceKind } from '@eigenloom/contracts';
import type { Logger } from 'pino';
import type { RequestOf, ResponseOf } from './contract-of.js';

/** A progress report. Reports may come as often as they like; the runtime thins them out. */
export interface ProgressUpdate {
  /** 0 to 1; leave out when unknown. The remaining time is derived from it. */
  readonly fraction?: number;
  /** What the job does now, in a few words. */
  readonly phase?: string;
  /** Latest values by name. Names stay; values replace. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** Where an artifact comes from, for its manifest. */
export interface Lineage {
  /** Digests of what was read: SHA-256 by role, for example `model/model.safetensors`. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** What validation and estimates may use: no writing, no long work. */
export interface RequestContext {
  readonly signal: AbortSignal;
  /**
   * Local path of what a URI names: a file or a folder. Refuses what lies outside the allowed roots, and resolves `job:`.
   * `field` is the request's field for the error, for example `model.uri`.
   */
  readonly resolve: (uri: string, field: string) => Promise<string>;
}

/** What a running job may use. */
export interface JobContext extends RequestContext {
  /** `operations/ID`. */
  readonly name: string;
  readonly log: Logger;
  /** Private folder on the data volume that survives a crash and a change of worker; removed when the job ends. */
  readonly scratch: string;
  /** Above 1 when an earlier worker lost the job. */
  readonly attempt: number;
  readonly progress: (update: ProgressUpdate) => void;
  /** Digests of files that earlier jobs have hashed. Without it every file is hashed. */
  readonly digests?: DigestCache;
  /** Fails with CONFLICT once another worker holds the lease; call it before making anything in `scratch` durable. */
  readonly fence: () => Promise<void>;
  /**
   * Writes one artifact: `write` fills an empty staging folder, then the runtime hashes, adds the manifest, syncs, checks the
   * lease and renames it into place. `part` tells the artifacts of one job apart (empty for the main one). `target` is the
   * request's URI for it; empty or `job:` means the artifact store. The lineage may be a function where it is known only once
   * `write` has run; digests that `write` returns are of files that it hashed while it wrote them, and are taken as they are.
   */
  readonly commit: (
    part: string,
    target: string,
    lineage: Lineage | (() => Lineage),
    write: (staging: string) => Promise<WrittenDigests> | Promise<void>,
  ) => Promise<common.Artifact>;
  /**
   * Folder of something that jobs share because it depends on nothing but `key`: models and data by their content, parameters, version.
   * `write` fills an empty folder unless there is one for that key; an entry that was damaged is written again. Not to be changed.
   */
  readonly cached: (
    key: Readonly<Record<string, unknown>>,
    write: (staging: string) => Promise<void>,
  ) => Promise<string>;
}

/**
 * One kind of work that a service does. The same object serves gRPC, pipelines and the CLI. What the messages look like, which
 * method a request names and which artifacts a response holds, the runtime knows from the contract (`contractOf`).
 */
export interface JobKind<K extends ServiceKind> {
  readonly kind: K;
  /** The methods in the order of the proto, for `List…Methods`. */
  readonly methods: readonly common.Method[];
  /** Checks everything that can be known before running; throws InvalidInput naming the field. */
  validate(request: RequestOf[K], context: RequestContext): Promise<void>;
  estimate(request: RequestOf[K], context: RequestContext): Promise<common.Estimate>;
  /** Does the work. Throws when `context.signal` aborts. */
  run(request: RequestOf[K], context: JobContext): Promise<ResponseOf[K]>;
}

/** A kind where it is listed with others. */
export type AnyJobKind = { [K in ServiceKind]: JobKind<K> }[ServiceKind];
