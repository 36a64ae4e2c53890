import { AppError, type ErrorKind, type ErrorOptions } from './app-error.js';

type Make = (reason: string, message: string, options?: ErrorOptions) => AppError;

const of =
  (kind: ErrorKind): Make =>
  (reason, message, options) =>
    new AppError(kind, reason, message, options);

/** A request that can never succeed as it is. `field` is its path in the request. */
export function invalidInput(reason: string, field: string, description: string): AppError {
  return new AppError('INVALID_INPUT', reason, `${field}: ${description}`, {
    fieldViolations: [{ field, description }],
  });
}
export const notFound = of('NOT_FOUND');
export const alreadyExists = of('ALREADY_EXISTS');
/** Inputs that are each valid and do not fit together: shapes, architecture, state. */
export const incompatible = of('INCOMPATIBLE');
export const corruptData = of('CORRUPT_DATA');
export const limitExceeded = of('LIMIT_EXCEEDED');
export const dependencyDown = of('DEPENDENCY_DOWN');
export const conflict = of('CONFLICT');
export const cancelled = of('CANCELLED');
/** No convergence, or non-finite values that the inputs did not have. */
export const numericFailure = of('NUMERIC');
export const internal = of('INTERNAL');
