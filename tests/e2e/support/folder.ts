import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isErrno } from '@eigenloom/errors';

/** A folder for one test file, with its real path. */
export const temporaryFolder = async (): Promise<string> =>
  realpath(await mkdtemp(join(tmpdir(), 'eigenloom-e2e-')));

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** Every file below a folder, in order: what a failed command must leave as it was. A folder that is removed meanwhile has none. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path).catch(noneIfRemoved);
      return entry.isFile() ? [path] : [];
    }),
  );
  return files.flat().sort();
}

function noneIfRemoved(error: unknown): string[] {
  if (isErrno(error, 'ENOENT')) return [];
  throw error;
}
