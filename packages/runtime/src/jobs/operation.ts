import type { longrunning } from '@eigenloom/contracts';
import { type any, common, jobs, status as rpc } from '@eigenloom/contracts';
import { contractOf, type KindName } from './contract-of.js';
import { isTerminal, type JobRecord, operationName, type StoredProgress } from './record.js';

const TYPE_URL = 'type.googleapis.com/';
export const METADATA_TYPE = `${TYPE_URL}eigenloom.jobs.v1.JobMetadata`;
export const ESTIMATE_TYPE = `${TYPE_URL}eigenloom.common.v1.Estimate`;

export const packAny = (typeUrl: string, value: Uint8Array): any.Any => ({
  typeUrl,
  value: Buffer.from(value),
});
export const typeUrlOf = (messageType: string): string => TYPE_URL + messageType;

const time = (text: string | undefined): Date | undefined =>
  text === undefined ? undefined : new Date(text);

function progressOf(stored: StoredProgress): jobs.Progress {
  const { percent, phase = '', remainingSeconds, metrics, updateTime } = stored;
  return {
    percent,
    phase,
    remaining:
      remainingSeconds === undefined
        ? undefined
        : {
            seconds: BigInt(Math.floor(remainingSeconds)),
            nanos: Math.floor((remainingSeconds % 1) * 1e9),
          },
    metrics: { ...metrics },
    updateTime: time(updateTime),
  };
}

function metadataOf(record: JobRecord): jobs.JobMetadata {
  return {
    state: record.state,
    kind: record.kind,
    method: record.method,
    progress: record.progress && progressOf(record.progress),
    createTime: time(record.createTime),
    startTime: time(record.startTime),
    endTime: time(record.endTime),
    attempt: record.attempt,
    parent: record.parent === undefined ? '' : operationName(record.parent),
    children: record.children.map(operationName),
    estimate: undefined,
    stepId: record.stepId ?? '',
  };
}

function resultOf(record: JobRecord): longrunning.Operation['result'] {
  if (record.error !== undefined) {
    return { $case: 'error', value: rpc.Status.decode(Buffer.from(record.error, 'base64')) };
  }
  if (record.response === undefined) return undefined;
  const type = typeUrlOf(contractOf(record.kind).responseType);
  return { $case: 'response', value: packAny(type, Buffer.from(record.response, 'base64')) };
}

/** The operation that a record shows. */
export function toOperation(record: JobRecord): longrunning.Operation {
  return {
    name: operationName(record.id),
    metadata: packAny(METADATA_TYPE, jobs.JobMetadata.encode(metadataOf(record)).finish()),
    done: isTerminal(record.state),
    result: resultOf(record),
  };
}

/** The done operation that answers `validate_only`: the estimate is its metadata's and its response. */
export function estimateOperation(
  kind: KindName,
  method: string,
  estimate: common.Estimate,
): longrunning.Operation {
  const metadata = jobs.JobMetadata.fromPartial({ kind, method, estimate });
  return {
    name: '',
    metadata: packAny(METADATA_TYPE, jobs.JobMetadata.encode(metadata).finish()),
    done: true,
    result: {
      $case: 'response',
      value: packAny(ESTIMATE_TYPE, common.Estimate.encode(estimate).finish()),
    },
  };
}
