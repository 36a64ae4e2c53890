import { jobs, status as rpc } from '@eigenloom/contracts';
import { AppError, conflict, internal, toAppError } from '@eigenloom/errors';
import { toStatus } from '../errors/to-status.js';
import type { JobRecord, Lease, StoredProgress } from './record.js';

/** How often a kind of error is tried again; the rest is final. */
const RETRIES: Partial<Record<AppError['kind'], number>> = {
  LIMIT_EXCEEDED: 5,
  DEPENDENCY_DOWN: 10,
  CONFLICT: 5,
  INTERNAL: 2,
};
/** Starts after which a job that keeps losing its worker is given up. */
export const MAX_ATTEMPTS = 20;
const FIRST_DELAY_MS = 500;
export const LONGEST_DELAY_MS = 60_000;

const now = (): string => new Date().toISOString();

function without(record: JobRecord, ...keys: (keyof JobRecord)[]): JobRecord {
  return Object.fromEntries(
    Object.entries(record).filter(([key]) => !(keys as readonly string[]).includes(key)),
  ) as unknown as JobRecord;
}

/** A worker takes a queued job. */
export function started(record: JobRecord, owner: string, durationMs: number): JobRecord {
  const attempt = record.attempt + 1;
  const lease: Lease = { owner, token: attempt, durationMs };
  return {
    ...without(record, 'notBefore'),
    state: jobs.JobState.RUNNING,
    attempt,
    lease,
    startTime: record.startTime ?? now(),
  };
}

/** Throws CONFLICT `LEASE_LOST` unless the job is still run under this lease. */
export function assertLease(record: JobRecord, lease: Lease): void {
  const held = record.lease;
  const same = held?.token === lease.token && held.owner === lease.owner;
  if (record.state !== jobs.JobState.RUNNING || !same) {
    throw conflict('LEASE_LOST', 'another worker has taken the job', { retryable: false });
  }
}

export function withProgress(record: JobRecord, progress: StoredProgress): JobRecord {
  return { ...record, progress };
}

export function succeeded(record: JobRecord, response: Uint8Array): JobRecord {
  const progress: StoredProgress = {
    metrics: {},
    ...record.progress,
    percent: 100,
    remainingSeconds: 0,
    updateTime: now(),
  };
  return {
    ...without(record, 'lease'),
    state: jobs.JobState.SUCCEEDED,
    response: Buffer.from(response).toString('base64'),
    progress,
    endTime: now(),
  };
}

export function failed(record: JobRecord, error: unknown): JobRecord {
  return ended(record, jobs.JobState.FAILED, error);
}

export function cancelled(record: JobRecord): JobRecord {
  const error = new AppError('CANCELLED', 'CANCELLED', 'the job was cancelled');
  return ended({ ...record, cancelRequested: true }, jobs.JobState.CANCELLED, error);
}

function ended(record: JobRecord, state: jobs.JobState, error: unknown): JobRecord {
  const status = rpc.Status.encode(toStatus(error)).finish();
  return {
    ...without(record, 'lease', 'notBefore'),
    state,
    error: Buffer.from(status).toString('base64'),
    endTime: now(),
  };
}

/** Back to the queue because its worker stopped or vanished. */
export function requeued(record: JobRecord): JobRecord {
  if (record.cancelRequested) return cancelled(record);
  if (record.attempt >= MAX_ATTEMPTS) {
    const reason = `the job lost its worker ${String(MAX_ATTEMPTS)} times`;
    return failed(record, internal('WORKER_LOST', reason));
  }
  return { ...without(record, 'lease'), state: jobs.JobState.QUEUED };
}

/** After an error of the work itself: back to the queue for later, or failed. */
export function afterError(record: JobRecord, thrown: unknown): JobRecord {
  const { kind } = toAppError(thrown);
  const failures = record.failures + 1;
  const mayRetry = !(thrown instanceof AppError) || thrown.retryable || kind === 'INTERNAL';
  if (!mayRetry || failures > (RETRIES[kind] ?? 0)) return failed({ ...record, failures }, thrown);
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS);
  return {
    ...requeued({ ...record, failures }),
    notBefore: new Date(Date.now() + delayMs).toISOString(),
  };
}

/** A waiting job whose needs are met. */
export function released(record: JobRecord): JobRecord {
  return { ...record, state: jobs.JobState.QUEUED };
}

/** What a request to cancel does at once; undefined when there is nothing left to do. */
export function cancelRequested(record: JobRecord): JobRecord | undefined {
  switch (record.state) {
    case jobs.JobState.QUEUED:
      return cancelled(record);
    case jobs.JobState.WAITING:
      return record.kind === 'pipeline' ? flagged(record) : cancelled(record);
    case jobs.JobState.RUNNING:
      return flagged(record);
    default:
      return undefined;
  }
}

const flagged = (record: JobRecord): JobRecord | undefined =>
  record.cancelRequested ? undefined : { ...record, cancelRequested: true };
