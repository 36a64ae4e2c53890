import { AppError } from './app-error.js';
import { toAppError } from './normalize.js';
import { systemError } from './system-error.js';

/** An error of the operating system that says which field of the request, or what else, it is about. Others stay as they are. */
export function about(subject: string, error: unknown): unknown {
  if (error instanceof AppError) return error;
  const known = toAppError(error);
  if (known.details['errno'] === undefined) return error;
  const { kind, reason, message, details, retryable, path } = known;
  return new AppError(kind, reason, `${subject}: ${message}`, {
    ...{ details, retryable, cause: error },
    ...(path === undefined ? {} : { path }),
  });
}

/** An error of the operating system about a file that it does not name, as of reading from one that is open. */
export function atPath(path: string, error: unknown): unknown {
  if (error instanceof AppError) return error;
  const { details, path: known, cause } = toAppError(error);
  const code = details['errno'];
  return code === undefined || known !== undefined ? error : systemError(code, { path, cause });
}

/** The same error with the whole path of its file in the message, for a user whose own machine it is. */
export function withPath(thrown: unknown): AppError {
  const error = toAppError(thrown);
  const { kind, reason, message, path, details, fieldViolations, retryable } = error;
  const name = path?.slice(path.lastIndexOf('/') + 1);
  if (path === undefined || name === undefined || name === '' || message.includes(path)) return error;
  const options = { details, fieldViolations, retryable, cause: error.cause, path };
  return new AppError(
    kind,
    reason,
    message.replace(`${name}: `, () => `${path}: `),
    options,
  );
}
