import type { ErrorKind } from '@eigenloom/errors';
import { status } from '@grpc/grpc-js';

/** The gRPC status of each kind of error. */
export const GRPC_CODE: Readonly<Record<ErrorKind, status>> = {
  INVALID_INPUT: status.INVALID_ARGUMENT,
  NOT_FOUND: status.NOT_FOUND,
  ALREADY_EXISTS: status.ALREADY_EXISTS,
  INCOMPATIBLE: status.FAILED_PRECONDITION,
  CORRUPT_DATA: status.DATA_LOSS,
  LIMIT_EXCEEDED: status.RESOURCE_EXHAUSTED,
  DEPENDENCY_DOWN: status.UNAVAILABLE,
  CONFLICT: status.ABORTED,
  CANCELLED: status.CANCELLED,
  DEADLINE_EXCEEDED: status.DEADLINE_EXCEEDED,
  NUMERIC: status.INTERNAL,
  INTERNAL: status.INTERNAL,
};

const KIND_OF_CODE = new Map<number, ErrorKind>(
  Object.entries(GRPC_CODE).map(([kind, code]) => [code, kind as ErrorKind]),
);

/** The kind of error behind a gRPC status; INTERNAL for those that Eigenloom never sends. */
export function kindOfCode(code: number): ErrorKind {
  return KIND_OF_CODE.get(code) ?? 'INTERNAL';
}
