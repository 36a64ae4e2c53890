import { jobs } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import { createHash, randomUUID } from 'node:crypto';
import { contractOf, type KindName, methodOf, type RequestOf } from './contract-of.js';
import type { JobRecord } from './record.js';

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const MAX_REQUEST_BYTES = 256 * 1024;

const hex = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

/** The same for the same request_id and kind, so that creating the record is itself the check for duplicates. */
export function jobIdOf(kind: KindName, requestId: string): string {
  if (requestId === '') return `${kind}-${randomUUID().replaceAll('-', '').slice(0, 26)}`;
  if (!REQUEST_ID.test(requestId)) {
    throw invalidInput('REQUEST_ID_INVALID', 'request_id', 'must be at most 128 visible ASCII characters');
  }
  return `${kind}-${hex(`${kind}\0${requestId}`).slice(0, 26)}`;
}

/** The same for requests that ask for the same, whatever their request ids. */
export function requestHashOf<K extends KindName>(kind: K, request: RequestOf[K]): string {
  return hex(
    contractOf(kind)
      .request.encode({ ...request, requestId: '', validateOnly: false })
      .finish(),
  );
}

/** The record of a job that nobody has started. */
export function newRecord<K extends KindName>(
  kind: K,
  request: RequestOf[K],
  more: Partial<JobRecord> = {},
): JobRecord {
  const { request: codec } = contractOf(kind);
  const bytes = codec.encode(request).finish();
  if (bytes.byteLength > MAX_REQUEST_BYTES) {
    throw invalidInput('REQUEST_TOO_LARGE', 'request', 'must be at most 256 KiB');
  }
  return {
    id: more.id ?? jobIdOf(kind, request.requestId),
    kind,
    method: methodOf(kind, request),
    state: jobs.JobState.QUEUED,
    request: Buffer.from(bytes).toString('base64'),
    requestHash: requestHashOf(kind, request),
    requestId: request.requestId,
    attempt: 0,
    failures: 0,
    cancelRequested: false,
    createTime: new Date().toISOString(),
    needs: [],
    children: [],
    trace: {},
    ...more,
  };
}
