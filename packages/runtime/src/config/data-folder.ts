import { invalidInput, toAppError } from '@eigenloom/errors';
import { access, constants, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where jobs and artifacts of this user are kept: `$XDG_DATA_HOME/eigenloom`, or `~/.local/share/eigenloom` as its default says. */
export function defaultDataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const shared = environment['XDG_DATA_HOME'] ?? '';
  // The specification has relative paths ignored.
  return join(isAbsolute(shared) ? shared : join(homedir(), '.local', 'share'), 'eigenloom');
}

/** What the system says of a folder that cannot be one for data. */
const REFUSALS: ReadonlySet<string> = new Set(
  'ENOENT ENOTDIR EEXIST EACCES EPERM EROFS ELOOP ENAMETOOLONG ENOTSUP EOPNOTSUPP ENOSYS'.split(' '),
);

/**
 * Makes the data folder where it is missing, and opens what is in it. A folder that refuses is an INVALID_INPUT `DATA_FOLDER_UNUSABLE`
 * with the path and the cause.
 */
export async function openDataFolder<T>(folder: string, open: () => Promise<T>): Promise<T> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return await open();
  } catch (error) {
    const { details, path = folder } = toAppError(error);
    const code = details['errno'] ?? '';
    // A full or failing disk is no fault of the folder.
    if (!REFUSALS.has(code)) throw error;
    throw invalidInput(
      'DATA_FOLDER_UNUSABLE',
      'data folder',
      `${path} cannot be made or used (${code}); mend it, or name another folder with --data-dir or EIGENLOOM_DATA`,
    );
  }
}
