import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isAbsent, notFound } from '@eigenloom/errors';

/** Writes a file whole or not at all: beside its place, synced, then renamed. */
export async function writeWhole(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const staging = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  const file = await open(staging, 'wx').catch((error: unknown) => {
    if (!isAbsent(error)) throw error;
    throw notFound('FOLDER_NOT_FOUND', `cannot write into the folder of ${path}`, { cause: error });
  });
  try {
    try {
      for await (const chunk of chunks) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(staging, path);
  } catch (error) {
    await rm(staging, { force: true });
    throw error;
  }
}
