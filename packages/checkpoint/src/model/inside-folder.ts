import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

import { invalidInput, notFound } from '@eigenloom/errors';

/**
 * The path of a file that a model names, which must be a plain name and lie in the model's folder, symbolic links followed.
 * Errors: `UNSAFE_FILE_NAME`, `FILE_NOT_FOUND`.
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
    throw notFound('FILE_NOT_FOUND', `${shown(name)}: does not exist`, { cause });
  }
  const root = await realpath(folder);
  if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw invalidInput('UNSAFE_FILE_NAME', shown(name), 'leads out of the model folder');
  }
  return path;
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 120));
