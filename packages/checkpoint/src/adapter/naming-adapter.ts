import { basename } from 'node:path';

import { AppError } from '@eigenloom/errors';

/** Runs work on an adapter so that its errors say which adapter: the last part of its path. */
export async function namingAdapter<T>(directory: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const name = `adapter ${JSON.stringify(basename(directory))}: `;
    if (!(error instanceof AppError) || error.message.startsWith(name)) throw error;
    const { kind, reason, message, details, fieldViolations, retryable } = error;
    throw new AppError(kind, reason, name + message, { details, fieldViolations, retryable, cause: error });
  }
}
