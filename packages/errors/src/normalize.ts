import { isNativeError } from 'node:util/types';
import { AppError } from './app-error.js';
import { cancelled, internal } from './kinds.js';
import { fromRefusal } from './system-error.js';

/** Errors of Node itself come from another realm where code runs in one of its own, as under jest. */
const isError = (error: unknown): error is Error => error instanceof Error || isNativeError(error);

const hasCode = (error: unknown): error is Error & { code: string } =>
  isError(error) && 'code' in error && typeof error.code === 'string';

/**
 * Makes an AppError of anything thrown. Refusals of the operating system are named by the last part of their path: who knows which
 * request field a path came from should throw the AppError itself.
 */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isError(error) && (error.name === 'AbortError' || error.name === 'TimeoutError')) {
    return error.name === 'AbortError'
      ? cancelled('CANCELLED', 'cancelled', { cause: error })
      : new AppError('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', 'deadline exceeded', { cause: error });
  }
  const refusal = hasCode(error) ? fromRefusal(error) : undefined;
  if (refusal !== undefined) return refusal;
  return internal('INTERNAL', 'internal error', { cause: error });
}
