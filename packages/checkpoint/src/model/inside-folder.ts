import { lstat, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

import { invalidInput, isErrno, notFound } from '@eigenloom/errors';

import { isBlobOf } from './hub-cache.js';

/**
 * The path of a file that a model names, which must be a plain name and lie in the model's folder, symbolic links followed; the files
 * of a snapshot in the hub's cache may be links to blobs of the same repository. Errors: `UNSAFE_FILE_NAME`, `FILE_NOT_FOUND`.
 */
export async function insideFolder(folder: string, name: string): Promise<string> {
  if (name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name)) {
    throw invalidInput('UNSAFE_FILE_NAME', shown(name), 'is not a plain file name');
  }
  const path = join(folder, name);
  let real: string;
  try {
    real = await realpath(path);
  } catch (cause) {
    if (isErrno(cause, 'ELOOP')) throw invalidInput('UNSAFE_FILE_NAME', shown(name), 'is a link to itself');
    const why = (await isLink(path)) ? 'is a link to a file that is not there' : 'does not exist';
    throw notFound('FILE_NOT_FOUND', `${shown(name)}: ${why}`, { cause });
  }
  const root = await realpath(folder);
  if (!real.startsWith(root.endsWith(sep) ? root : root + sep) && !isBlobOf(real, root)) {
    throw invalidInput('UNSAFE_FILE_NAME', shown(name), 'leads out of the model folder');
  }
  return path;
}

const isLink = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );

const shown = (name: string): string => JSON.stringify(name.slice(0, 120));
