import { invalidInput } from '@eigenloom/errors';
import { access, constants, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where jobs and artifacts of this user are kept: `$XDG_DATA_HOME/eigenloom`, or `~/.local/share/eigenloom` as its default says. */
export function defaultDataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const shared = environment['XDG_DATA_HOME'] ?? '';
  // The specification has relative paths ignored.
  return join(isAbsolute(shared) ? shared : join(homedir(), '.local', 'share'), 'eigenloom');
}

/** Makes the data folder where it is missing. Throws INVALID_INPUT `DATA_FOLDER_UNUSABLE` with its path and the cause. */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw invalidInput(
      'DATA_FOLDER_UNUSABLE',
      'data folder',
      `${folder} cannot be made or used (${code}); name another with --data-dir or EIGENLOOM_DATA`,
    );
  }
}
