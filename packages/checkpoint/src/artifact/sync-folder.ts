import { type FileHandle, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { isErrno } from '@eigenloom/errors';

import { withFile } from '../with-file.js';

/** What file systems answer that cannot make the names in a folder durable on demand: network shares, FUSE. */
const NO_FOLDER_SYNC = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EBADF', 'EISDIR'] as const;

/** Makes a file durable, or the names in a folder where its file system can. */
export async function syncPath(path: string): Promise<void> {
  await withFile(path, 'r', sync);
}

async function sync(handle: FileHandle): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    const cannot = isErrno(error, ...NO_FOLDER_SYNC) && (await handle.stat()).isDirectory();
    if (!cannot) throw error;
  }
}

/** Makes everything under a folder durable, the folder last. */
export async function syncFolder(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncFolder(path);
    else await syncPath(path);
  }
  await syncPath(folder);
}
