import { AppError, toAppError } from '@eigenloom/errors';

/** Where a request names something that is opened, and by what. */
export interface Place {
  /** Path of the field: `models[1].model.uri`. */
  readonly field: string;
  /** As the request has it; left out where the field itself says all. */
  readonly uri?: string;
}

/** Enough of a URI to know it by; errors must stay short. */
const MAX_SHOWN = 200;

/** Runs what opens something, and says in its errors which of the things that a request names it is. */
export async function opening<T>(place: Place | undefined, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw place === undefined ? error : atPlace(error, place);
  }
}

/**
 * An error that says which of the things that a request names it is about: `models[1].model.uri ("a/b"): …`, with the field as the one
 * that is wrong.
 */
export function atPlace(cause: unknown, place: Place): AppError {
  const error = toAppError(cause);
  if (error.kind === 'CANCELLED' || isAbout(error, place)) return error;
  return new AppError(error.kind, error.reason, `${shownPlace(place)}: ${error.message}`, {
    details: error.details,
    fieldViolations: [{ field: place.field, description: error.message }],
    retryable: error.retryable,
    cause: error,
  });
}

const isAbout = ({ message }: AppError, { field }: Place): boolean =>
  message.startsWith(`${field}:`) || message.startsWith(`${field} (`);

function shownPlace({ field, uri }: Place): string {
  if (uri === undefined) return field;
  const path = uri.replace(/^file:(?:\/\/(?=\/))?/, '');
  return `${field} (${JSON.stringify(path.length > MAX_SHOWN ? `…${path.slice(-MAX_SHOWN)}` : path)})`;
}
