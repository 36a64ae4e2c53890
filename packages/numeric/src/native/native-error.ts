import { types } from 'node:util';

import {
  type AppError,
  cancelled,
  corruptData,
  internal,
  invalidInput,
  limitExceeded,
  notFound,
  numericFailure,
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

/** Linux and macOS share these numbers but for EDQUOT. Rust writes them as `… (os error 28)`. */
const ERRNO = /\(os error (\d+)\)$/;

function ioError(subject: string, detail: string, cause: Error): AppError {
  switch (ERRNO.exec(detail)?.[1]) {
    case '2':
      return notFound('FILE_NOT_FOUND', `${subject}: does not exist`, { cause });
    case '28':
    case '122':
      return limitExceeded('DISK_FULL', `${subject}: no space left on the disk`, { cause });
    case '23':
    case '24':
      return limitExceeded(
        'TOO_MANY_OPEN_FILES',
        `${subject}: too many open files; allow more by ulimit -n, or merge into larger shards first`,
        { cause },
      );
    case '13':
    case '1':
      return invalidInput('PERMISSION_DENIED', subject, 'permission denied');
    default:
      return internal('IO', `${subject}: the operating system refused`, { cause });
  }
}
