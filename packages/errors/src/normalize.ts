import { isNativeError } from 'node:util/types';
import { AppError } from './app-error.js';
import { cancelled, internal, limitExceeded, notFound } from './kinds.js';

/** Errors of Node itself come from another realm where code runs in one of its own, as under jest. */
const isError = (error: unknown): error is Error => error instanceof Error || isNativeError(error);

const hasCode = (error: unknown): error is Error & { code: string } =>
  isError(error) && 'code' in error && typeof error.code === 'string';

/**
 * Makes an AppError of anything thrown. System errors lose their paths: who knows which request field a path came from should
 * throw the AppError itself.
 */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isError(error) && (error.name === 'AbortError' || error.name === 'TimeoutError')) {
    return error.name === 'AbortError'
      ? cancelled('CANCELLED', 'cancelled', { cause: error })
      : new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'deadline exceeded', { cause: error });
  }
  if (hasCode(error)) {
    if (error.code === 'ENOENT') return notFound('FILE_NOT_FOUND', 'a file does not exist', { cause: error });
    if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
      return limitExceeded('DISK_FULL', 'no space left on the disk', { cause: error });
    }
    if (error.code === 'EIO') return internal('IO', 'the disk failed to read or write', { cause: error });
    if (error.code === 'EMFILE' || error.code === 'ENFILE') {
      return limitExceeded('TOO_MANY_OPEN_FILES', 'too many open files; allow more by ulimit -n', {
        cause: error,
      });
    }
  }
  return internal('INTERNAL', 'internal error', { cause: error });
}
