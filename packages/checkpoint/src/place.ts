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

/**
 * Says in the errors of opening something which of the things that a request names it is: `models[1].model.uri ("a/b"): …`, with the
 * field as the one that is wrong.
 */
export async function opening<T>(place: Place | undefined, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    const error = toAppError(cause);
    if (place === undefined || error.kind === 'CANCELLED' || isAbout(error, place)) throw error;
    throw new AppError(error.kind, error.reason, `${shownPlace(place)}: ${error.message}`, {
      details: error.details,
      fieldViolations: [{ field: place.field, description: error.message }],
      retryable: error.retryable,
      cause: error,
    });
  }
}

const isAbout = ({ message }: AppError, { field }: Place): boolean =>
  message.startsWith(`${field}:`) || message.startsWith(`${field} (`);

function shownPlace({ field, uri }: Place): string {
  if (uri === undefined) return field;
  const path = uri.replace(/^file:(?:\/\/(?=\/))?/, '');
  return `${field} (${JSON.stringify(path.length > MAX_SHOWN ? `…${path.slice(-MAX_SHOWN)}` : path)})`;
}
