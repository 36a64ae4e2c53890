import { type AppError, limitExceeded, toAppError } from '@eigenloom/errors';
import { operationName } from './record.js';

/** Whether an error says that there is no room for a record. */
export const isDiskFull = (error: unknown): boolean => toAppError(error).reason === 'DISK_FULL';

/** For those who wait for a job of which nothing can be written down any more, not even that it failed. */
export const notRecorded = (id: string, cause: unknown): AppError =>
  limitExceeded(
    'DISK_FULL',
    `the disk of the data folder has no room for the record of ${operationName(id)}, so how it ends cannot be kept: make room there, ` +
      `then go on with \`eigenloom jobs resume ${operationName(id)}\` (${toAppError(cause).message})`,
    { retryable: false, cause },
  );
