import { AppError } from './app-error.js';

/** Adds the request's field to an error that is about what the field names, unless it has one. */
export async function aboutField<T>(field: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError) || error.fieldViolations.length > 0) throw error;
    throw new AppError(error.kind, error.reason, `${field}: ${error.message}`, {
      details: error.details,
      fieldViolations: [{ field, description: error.message }],
      retryable: error.retryable,
      cause: error,
    });
  }
}
