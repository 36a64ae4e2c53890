import { AppError, toAppError, type ErrorKind, type FieldViolation } from '@eigenloom/errors';

/** An AppError as it crosses between threads, where classes are lost. */
export interface ErrorRecord {
  readonly kind: ErrorKind;
  readonly reason: string;
  readonly message: string;
  readonly details: Readonly<Record<string, string>>;
  readonly fieldViolations: readonly FieldViolation[];
  readonly retryable: boolean;
  /** For the log: the stack, and the cause's. */
  readonly stack: string;
}

export function toRecord(thrown: unknown): ErrorRecord {
  const error = toAppError(thrown);
  const stacks = [thrown, error.cause].filter((e) => e instanceof Error).map((e) => e.stack ?? e.message);
  const { kind, reason, message, details, fieldViolations, retryable } = error;
  return {
    kind,
    reason,
    message,
    details: { ...details },
    fieldViolations: [...fieldViolations],
    retryable,
    stack: stacks.join('\ncaused by ') || String(thrown),
  };
}

export function fromRecord(record: ErrorRecord): AppError {
  const { kind, reason, message, details, fieldViolations, retryable } = record;
  const cause = new Error(`in a worker thread: ${message}`);
  cause.stack = record.stack;
  return new AppError(kind, reason, message, { details, fieldViolations, retryable, cause });
}
