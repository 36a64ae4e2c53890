import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import { isAbsent, isErrno, systemError } from '@eigenloom/errors';

import { exists } from './exists.js';

/** Makes a folder with those above it, where they are missing. Errors: the system's. */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode });
  } catch (error) {
    // A file has the name of one of the folders.
    if (isErrno(error, 'EEXIST')) throw systemError('ENOTDIR', { path, cause: error });
    if (isAbsent(error)) await makeFirst(path, mode);
    throw error;
  }
}

/** Node says ENOENT where the system said why it makes no folder, as on a read-only disk: the call for a single one tells. */
async function makeFirst(path: string, mode?: number): Promise<void> {
  let first = path;
  while (dirname(first) !== first && !(await exists(dirname(first)))) first = dirname(first);
  await mkdir(first, { mode }).catch((error: unknown) => {
    if (!isErrno(error, 'EEXIST')) throw error;
  });
}
