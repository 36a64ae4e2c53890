import type { ErrorKind } from '@eigenloom/errors';

/** Exit status of the command by what went wrong. The table in docs/guides/cli.md says the same; a test compares them. */
export const EXIT_STATUS: Readonly<Record<ErrorKind, number>> = {
  INTERNAL: 1,
  INVALID_INPUT: 2,
  NOT_FOUND: 3,
  INCOMPATIBLE: 4,
  CORRUPT_DATA: 5,
  ALREADY_EXISTS: 6,
  LIMIT_EXCEEDED: 7,
  DEPENDENCY_DOWN: 8,
  CONFLICT: 9,
  NUMERIC: 10,
  DEADLINE_EXCEEDED: 11,
  /** What a shell reports for a command that Ctrl-C ended. */
  CANCELLED: 130,
};
