import { constants } from 'node:os';
import { basename } from 'node:path';

import { AppError, type ErrorKind } from './app-error.js';

/** What a refusal of the operating system means for a user. */
interface Meaning {
  readonly kind: ErrorKind;
  readonly reason: string;
  /** After the name of the file: what is wrong, and what to do. */
  readonly text: string;
  readonly retryable?: boolean;
}

const of = (kind: ErrorKind, reason: string, text: string, retryable?: boolean): Meaning => ({
  kind,
  reason,
  text,
  ...(retryable === undefined ? {} : { retryable }),
});

const DENIED = of(
  'INCOMPATIBLE',
  'PERMISSION_DENIED',
  'permission denied: let the user that Eigenloom runs as use it, or choose another place',
);
const DISK_FAILED = of(
  'INTERNAL',
  'IO',
  'the disk or the network file system failed to read or write; the log of the system says why',
);
const EXISTS = of('ALREADY_EXISTS', 'PATH_EXISTS', 'already exists');
const UNSUITED = of(
  'INCOMPATIBLE',
  'FILE_SYSTEM_UNSUITED',
  'the file system cannot do this; choose a place on another one',
);
const UNREACHABLE = of(
  'DEPENDENCY_DOWN',
  'UNREACHABLE',
  'a server that is needed cannot be reached; try again later',
);
const PORT = of(
  'DEPENDENCY_DOWN',
  'PORT_UNAVAILABLE',
  'the port cannot be listened on: another process has it, or it is not allowed',
);

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: of('NOT_FOUND', 'FILE_NOT_FOUND', 'does not exist'),
  ENOTDIR: of('INVALID_INPUT', 'NOT_A_FOLDER', 'a part of its path is a file where a folder is wanted'),
  EISDIR: of('INVALID_INPUT', 'NOT_A_FILE', 'is a folder where a file is wanted'),
  ENAMETOOLONG: of(
    'INVALID_INPUT',
    'NAME_TOO_LONG',
    'its name or path is too long for the file system; choose a shorter one',
  ),
  ELOOP: of('INVALID_INPUT', 'LINK_LOOP', 'its symbolic links lead in a circle'),
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: of(
    'INCOMPATIBLE',
    'READ_ONLY',
    'its file system is read-only; choose another place, or mount it for writing',
  ),
  ENOSPC: of('LIMIT_EXCEEDED', 'DISK_FULL', 'no space left on the disk'),
  EDQUOT: of('LIMIT_EXCEEDED', 'DISK_FULL', 'no space left on the disk: the quota of the user is used up'),
  EFBIG: of(
    'LIMIT_EXCEEDED',
    'FILE_TOO_LARGE',
    'is larger than the file system or the process (ulimit -f) allows',
    false,
  ),
  EMFILE: of(
    'LIMIT_EXCEEDED',
    'TOO_MANY_OPEN_FILES',
    'too many open files: raise the limit of the process (ulimit -n)',
  ),
  ENFILE: of('LIMIT_EXCEEDED', 'TOO_MANY_OPEN_FILES', 'too many open files on this machine'),
  ENOMEM: of('LIMIT_EXCEEDED', 'OUT_OF_MEMORY', 'the machine has no memory left'),
  EBUSY: of('CONFLICT', 'FILE_BUSY', 'is in use by another process, or something is mounted there'),
  ETXTBSY: of('CONFLICT', 'FILE_BUSY', 'is a program that runs now'),
  ESTALE: of('CONFLICT', 'FILE_CHANGED', 'was replaced on its network file system while it was in use'),
  EEXIST: EXISTS,
  ENOTEMPTY: EXISTS,
  EXDEV: UNSUITED,
  EMLINK: UNSUITED,
  ENOTSUP: UNSUITED,
  EOPNOTSUPP: UNSUITED,
  ENOSYS: UNSUITED,
  EINVAL: UNSUITED,
  EIO: DISK_FAILED,
  ENXIO: DISK_FAILED,
  ENODEV: DISK_FAILED,
  EREMOTEIO: DISK_FAILED,
  EADDRINUSE: PORT,
  EADDRNOTAVAIL: PORT,
  ECONNREFUSED: UNREACHABLE,
  ECONNRESET: UNREACHABLE,
  ECONNABORTED: UNREACHABLE,
  EPIPE: UNREACHABLE,
  ENOTCONN: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  EHOSTDOWN: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ENETDOWN: UNREACHABLE,
  ENOTFOUND: UNREACHABLE,
  EAI_AGAIN: UNREACHABLE,
};

const OTHER = of('INTERNAL', 'IO', 'the operating system refused');

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, number]) => [number, name]),
);

/** The name of a number that the system gave: 28 is ENOSPC. Numbers that this machine does not know stay numbers. */
export const errnoName = (number: number): string =>
  NAMES.get(Math.abs(number)) ?? `errno ${Math.abs(number)}`;

/**
 * The AppError of a refusal of the operating system. `name` is what the message calls the file: a base name, or the field of a request.
 * The whole path stays in `path`, which no remote client gets.
 */
export function systemError(
  code: string,
  { name, path, cause }: { readonly name?: string; readonly path?: string; readonly cause?: unknown },
): AppError {
  const meaning = MEANINGS[code];
  const { kind, reason, text, retryable } = meaning ?? OTHER;
  const shown = name ?? (path === undefined ? undefined : basename(path));
  const detail = meaning === undefined || meaning === UNSUITED || meaning === UNREACHABLE ? ` (${code})` : '';
  return new AppError(kind, reason, `${shown === undefined ? '' : `${shown}: `}${text}${detail}`, {
    cause,
    details: { errno: code },
    ...(path === undefined ? {} : { path }),
    ...(retryable === undefined ? {} : { retryable }),
  });
}

/** Those of Node's own errors that stand for one of the system's. */
const OF_NODE: Readonly<Record<string, string>> = {
  ERR_FS_CP_EEXIST: 'EEXIST',
  ERR_FS_CP_EINVAL: 'EINVAL',
  ERR_FS_CP_DIR_TO_NON_DIR: 'EISDIR',
  ERR_FS_CP_NON_DIR_TO_DIR: 'ENOTDIR',
  ERR_FS_EISDIR: 'EISDIR',
  ERR_FS_FILE_TOO_LARGE: 'EFBIG',
  ERR_STRING_TOO_LONG: 'EFBIG',
};

/** What Node says of a call that the system refused. */
interface Refusal extends Error {
  readonly code: string;
  readonly errno?: unknown;
  readonly syscall?: unknown;
  readonly path?: unknown;
  readonly dest?: unknown;
}

/** The AppError of an error of Node that stands for a refusal of the operating system; undefined for any other. */
export function fromRefusal(error: Refusal): AppError | undefined {
  const known = OF_NODE[error.code] ?? (error.code in MEANINGS ? error.code : undefined);
  const isSystem = typeof error.errno === 'number' && typeof error.syscall === 'string';
  const code = known ?? (isSystem ? errnoName(error.errno) : undefined);
  if (code === undefined) return undefined;
  if (error.syscall === 'listen' || error.syscall === 'bind') {
    return systemError('EADDRINUSE', { cause: error });
  }
  // Where two paths take part, the second is the one that was to be made.
  const path = [error.dest, error.path].find((each) => typeof each === 'string');
  return systemError(code, { cause: error, ...(path === undefined ? {} : { path }) });
}
