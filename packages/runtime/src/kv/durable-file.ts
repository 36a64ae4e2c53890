import { syncPath, withFile } from '@eigenloom/checkpoint';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Replaces a file as a whole: write beside it, fsync, rename, fsync of the folder. */
export async function writeDurably(path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  await withFile(
    temporary,
    'w',
    async (file) => {
      await file.writeFile(content);
      await file.sync();
    },
    0o600,
  );
  await rename(temporary, path);
  await syncPath(dirname(path));
}
