import type { any } from '@eigenloom/contracts';
import { errorDetails, status as rpc } from '@eigenloom/contracts';
import { type AppError, toAppError } from '@eigenloom/errors';
import { GRPC_CODE } from './grpc-codes.js';

export const ERROR_DOMAIN = 'eigenloom.dev';
export const ERROR_INFO_TYPE = 'type.googleapis.com/google.rpc.ErrorInfo';
export const BAD_REQUEST_TYPE = 'type.googleapis.com/google.rpc.BadRequest';
/** Key of the metadata that tells a numeric error from an internal one: both have the gRPC status INTERNAL. */
export const KIND_KEY = 'kind';
/** Larger trailers hang grpc-js clients. */
const MAX_STATUS_BYTES = 4096;
const MAX_MESSAGE_LENGTH = 1024;
const MAX_VIOLATIONS = 16;

/**
 * The google.rpc.Status of anything thrown: one ErrorInfo, and BadRequest for wrong fields, in at most 4 KiB. What is not an
 * AppError, and none can be made of, says nothing about itself.
 */
export function toStatus(thrown: unknown): rpc.Status {
  const error = toAppError(thrown);
  const message = oneLine(error.message);
  const build = (metadata: Record<string, string>, violations: number): rpc.Status => ({
    code: GRPC_CODE[error.kind],
    message,
    details: detailsOf(error, metadata, violations),
  });
  const kind = error.kind === 'NUMERIC' ? { [KIND_KEY]: error.kind } : {};
  const metadata: Record<string, string> = { ...kind, ...error.details };
  let status = build(metadata, MAX_VIOLATIONS);
  for (const key of Object.keys(metadata).reverse()) {
    if (sizeOf(status) <= MAX_STATUS_BYTES) break;
    Reflect.deleteProperty(metadata, key);
    status = build(metadata, MAX_VIOLATIONS);
  }
  for (let n = MAX_VIOLATIONS; n >= 0 && sizeOf(status) > MAX_STATUS_BYTES; n--) status = build({}, n);
  return status;
}

const sizeOf = (status: rpc.Status): number => rpc.Status.encode(status).finish().byteLength;

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').slice(0, MAX_MESSAGE_LENGTH);

function detailsOf(error: AppError, metadata: Record<string, string>, violations: number): any.Any[] {
  const info = errorDetails.ErrorInfo.encode({ reason: error.reason, domain: ERROR_DOMAIN, metadata });
  const details: any.Any[] = [{ typeUrl: ERROR_INFO_TYPE, value: Buffer.from(info.finish()) }];
  const fields = error.fieldViolations.slice(0, violations);
  if (fields.length > 0) {
    const bad = errorDetails.BadRequest.fromPartial({
      fieldViolations: fields.map(({ field, description }) => ({
        field,
        description: oneLine(description),
        reason: error.reason,
      })),
    });
    details.push({
      typeUrl: BAD_REQUEST_TYPE,
      value: Buffer.from(errorDetails.BadRequest.encode(bad).finish()),
    });
  }
  return details;
}
