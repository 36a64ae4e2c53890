import { type FileHandle, open } from 'node:fs/promises';

import { atPath } from '@eigenloom/errors';

/** Opens a file, uses it and closes it. What the system refuses meanwhile says which file it is about, as what `open` throws does. */
export async function withFile<T>(
  path: string,
  flags: string,
  use: (file: FileHandle) => Promise<T>,
  mode?: number,
): Promise<T> {
  const handle = await open(path, flags, mode);
  try {
    return await use(handle);
  } catch (error) {
    throw atPath(path, error);
  } finally {
    await handle.close();
  }
}

/** Writes a new file, durable before this resolves. Errors: the system's, EEXIST among them. */
export function writeNew(path: string, content: string | Uint8Array, mode?: number): Promise<void> {
  const write = async (file: FileHandle): Promise<void> => {
    await file.writeFile(content);
    await file.sync();
  };
  return withFile(path, 'wx', write, mode);
}
