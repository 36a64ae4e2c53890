/** What went wrong, in the terms that decide the gRPC status and whether the bus delivers the work again. */
export type ErrorKind =
  | 'INVALID_INPUT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'INCOMPATIBLE'
  | 'CORRUPT_DATA'
  | 'LIMIT_EXCEEDED'
  | 'DEPENDENCY_DOWN'
  | 'CONFLICT'
  | 'CANCELLED'
  | 'DEADLINE_EXCEEDED'
  | 'NUMERIC'
  | 'INTERNAL';

/** A request field that is wrong: its path in the request (`pissa.rank`) and why. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

export interface ErrorOptions {
  /** Safe to show: no path outside the request, no internal name. At most 4 KiB in all. */
  readonly details?: Readonly<Record<string, string>>;
  readonly fieldViolations?: readonly FieldViolation[];
  readonly retryable?: boolean;
  /** The whole path of the file that it is about; `message` begins with its last part. Never sent. */
  readonly path?: string;
  readonly cause?: unknown;
}

/**
 * The only error that crosses a boundary of Eigenloom. `message` is one line for a person; `reason` is UPPER_SNAKE, stable,
 * and what programs compare.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly details: Readonly<Record<string, string>>;
  readonly fieldViolations: readonly FieldViolation[];
  readonly retryable: boolean;
  readonly path: string | undefined;

  constructor(
    readonly kind: ErrorKind,
    readonly reason: string,
    message: string,
    options: ErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.details = options.details ?? {};
    this.fieldViolations = options.fieldViolations ?? [];
    this.path = options.path;
    this.retryable = options.retryable ?? RETRYABLE.has(kind);
  }
}

const RETRYABLE: ReadonlySet<ErrorKind> = new Set(['LIMIT_EXCEEDED', 'DEPENDENCY_DOWN', 'CONFLICT']);
