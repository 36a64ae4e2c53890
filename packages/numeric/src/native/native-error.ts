import { types } from 'node:util';

import {
  type AppError,
  cancelled,
  conflict,
  corruptData,
  errnoName,
  internal,
  invalidInput,
  limitExceeded,
  notFound,
  numericFailure,
  systemError,
  toAppError,
} from '@eigenloom/errors';

/** The codes of `Reason` in the Rust core, and `INTERNAL` for a panic. */
type Make = (subject: string, detail: string, cause: Error) => AppError;

const BY_CODE: Readonly<Record<string, Make>> = {
  CANCELLED: (_subject, _detail, cause) => cancelled('CANCELLED', 'cancelled', { cause }),
  SHAPE_MISMATCH: (subject, detail) => invalidInput('SHAPE_MISMATCH', subject, detail),
  OUT_OF_RANGE: (subject, detail) => invalidInput('OUT_OF_RANGE', subject, detail),
  UNSUPPORTED_DTYPE: (subject, detail) => invalidInput('UNSUPPORTED_DTYPE', subject, detail),
  UNKNOWN_TENSOR: (subject, detail, cause) => notFound('UNKNOWN_TENSOR', `${subject}: ${detail}`, { cause }),
  NON_FINITE: (subject, detail, cause) => numericFailure('NON_FINITE', `${subject}: ${detail}`, { cause }),
  NO_CONVERGENCE: (subject, detail, cause) =>
    numericFailure('NO_CONVERGENCE', `${subject}: no convergence of ${detail}`, { cause }),
  SINGULAR: (subject, detail, cause) => numericFailure('SINGULAR', `${subject}: ${detail}`, { cause }),
  CORRUPT_FILE: (subject, detail, cause) => corruptData('CORRUPT_FILE', `${subject}: ${detail}`, { cause }),
  LIMIT_EXCEEDED: (subject, detail, cause) =>
    limitExceeded('LIMIT_EXCEEDED', `${subject}: ${detail}`, { cause }),
  IO: (subject, detail, cause) => ioError(subject, detail, cause),
};

/**
 * Makes an AppError of what the bridge threw: an Error whose `code` is the reason and whose `message` is the detail.
 * `subject` names what the call was about: an argument, a file, a tensor.
 */
export function fromNative(error: unknown, subject: string): AppError {
  // Not instanceof: the addon makes its errors in the realm that loaded it.
  if (!types.isNativeError(error)) return toAppError(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const make = BY_CODE[code];
  if (make !== undefined) return make(subject, error.message, error);
  return internal('NUMERIC_CORE_FAILED', `${subject}: internal error of the numeric core`, { cause: error });
}

/** Rust writes what the system said as `… (os error 28)`. */
const ERRNO = /\(os error (\d+)\)$/;
/** What Rust says where a file ends before it should. */
const ENDED = /^failed to fill whole buffer$/;

function ioError(subject: string, detail: string, cause: Error): AppError {
  const number = ERRNO.exec(detail)?.[1];
  if (number !== undefined) return systemError(errnoName(Number(number)), { name: subject, cause });
  if (ENDED.test(detail)) {
    return conflict(
      'FILE_CHANGED',
      `${subject}: became shorter while it was read; nothing else may write to it meanwhile`,
      {
        cause,
      },
    );
  }
  if (detail === 'not a regular file') return systemError('EISDIR', { name: subject, cause });
  return internal('IO', `${subject}: ${detail}`, { cause });
}
