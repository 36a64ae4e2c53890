import { errorDetails, type status as rpc } from '@eigenloom/contracts';
import { AppError, type FieldViolation } from '@eigenloom/errors';
import { kindOfCode } from './grpc-codes.js';
import { BAD_REQUEST_TYPE, ERROR_DOMAIN, ERROR_INFO_TYPE, KIND_KEY } from './to-status.js';

/** The AppError that a google.rpc.Status was made of; a foreign status gets the reason `UNKNOWN`. */
export function fromStatus(status: rpc.Status): AppError {
  let reason = 'UNKNOWN';
  let details: Record<string, string> = {};
  let fieldViolations: FieldViolation[] = [];
  let isOwn = false;
  for (const { typeUrl, value } of status.details) {
    if (typeUrl === ERROR_INFO_TYPE) {
      const info = errorDetails.ErrorInfo.decode(value);
      reason = info.reason;
      isOwn = info.domain === ERROR_DOMAIN;
      details = info.metadata;
    } else if (typeUrl === BAD_REQUEST_TYPE) {
      fieldViolations = errorDetails.BadRequest.decode(value).fieldViolations.map(
        ({ field, description }) => ({ field, description }),
      );
    }
  }
  const { [KIND_KEY]: kind, ...others } = details;
  if (isOwn && kind === 'NUMERIC')
    return new AppError('NUMERIC', reason, status.message, { details: others });
  return new AppError(kindOfCode(status.code), reason, status.message, { details, fieldViolations });
}
