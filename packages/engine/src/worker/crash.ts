import { internal, limitExceeded, type AppError } from '@eigenloom/errors';

/** What an error that ended a worker thread means. */
export function crash(error: Error): AppError {
  if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return limitExceeded('ENGINE_OUT_OF_MEMORY', 'an engine worker ran out of memory', {
      retryable: false,
      cause: error,
    });
  }
  return internal('ENGINE_CRASHED', 'an engine worker crashed', { cause: error });
}
