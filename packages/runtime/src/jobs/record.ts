import { jobs } from '@eigenloom/contracts';
import { limitExceeded } from '@eigenloom/errors';
import type { TraceFields } from '../bus/cloud-event.js';
import type { KindName } from './contract-of.js';

/** Who works on a job. */
export interface Lease {
  /** The worker process. */
  readonly owner: string;
  /** Grows with every lease of the job; fences what an earlier holder still tries to write. */
  readonly token: number;
  /** Without a renewal for this long, others may take the job. Measured by the observer's own monotonic clock. */
  readonly durationMs: number;
}

/** Progress as it is stored. */
export interface StoredProgress {
  readonly percent?: number;
  readonly phase?: string;
  readonly remainingSeconds?: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** RFC 3339. */
  readonly updateTime: string;
}

/** The truth about a job, one key-value entry. Times are RFC 3339, messages base64 of their binary form. */
export interface JobRecord {
  readonly id: string;
  readonly kind: KindName;
  readonly method: string;
  readonly state: jobs.JobState;
  readonly request: string;
  /** SHA-256 of the request without its request_id. */
  readonly requestHash: string;
  readonly requestId: string;
  readonly lease?: Lease;
  /** The process that does the work, where processes share a data folder (`Homes`); on a mesh any may. */
  readonly home?: string;
  /** How often it was started. */
  readonly attempt: number;
  /** How many of the starts ended in an error worth a retry. */
  readonly failures: number;
  /** Not to be started earlier. */
  readonly notBefore?: string;
  readonly cancelRequested: boolean;
  readonly progress?: StoredProgress;
  readonly createTime: string;
  readonly startTime?: string;
  readonly endTime?: string;
  /** google.rpc.Status. */
  readonly error?: string;
  readonly response?: string;
  /** Job that this one is a step or part of. */
  readonly parent?: string;
  readonly stepId?: string;
  /** Jobs that must succeed before this one is released. */
  readonly needs: readonly string[];
  readonly children: readonly string[];
  readonly trace: TraceFields;
}

/** A record with the revision that wrote it. */
export interface StoredJob {
  readonly record: JobRecord;
  readonly revision: number;
}

/** A NATS message holds 1 MiB by default; leave room for its headers. */
const MAX_RECORD_BYTES = 960 * 1024;

/** States that never change again. */
export function isTerminal(state: jobs.JobState): boolean {
  return (
    state === jobs.JobState.SUCCEEDED || state === jobs.JobState.FAILED || state === jobs.JobState.CANCELLED
  );
}

/** Throws LIMIT_EXCEEDED `RECORD_TOO_LARGE` when the request or the response is too big to be kept. */
export function encodeRecord(record: JobRecord): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(record));
  if (bytes.byteLength > MAX_RECORD_BYTES) {
    throw limitExceeded('RECORD_TOO_LARGE', 'the request and response of the job exceed 960 KiB', {
      retryable: false,
    });
  }
  return bytes;
}

export function decodeRecord(bytes: Uint8Array): JobRecord {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as JobRecord;
}

/** `operations/ID`. */
export function operationName(id: string): string {
  return `operations/${id}`;
}
