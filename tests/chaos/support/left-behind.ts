import { createHash } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { filesBelow } from '../../e2e/support/folder.js';

/** Files of a folder that does not have to exist, with paths relative to it. */
async function below(folder: string): Promise<string[]> {
  const files = await filesBelow(folder).catch(() => []);
  return files.map((path) => path.slice(folder.length + 1));
}

/** What should not be there once a job has ended: scratch, staging, and half-published output. */
export async function leftBehind(folder: string): Promise<string[]> {
  const data = join(folder, 'data');
  const hidden = (await readdir(folder)).filter((name) => name.startsWith('.'));
  return [...(await below(join(data, 'scratch'))), ...(await below(join(data, 'stages'))), ...hidden];
}

/** SHA-256 of each file of the output but the manifest, which names the folder. */
export async function outputOf(folder: string): Promise<Record<string, string>> {
  const out = join(folder, 'out');
  const entries = (await below(out))
    .filter((name) => name !== 'manifest.json')
    .map(async (name) => {
      const bytes = await readFile(join(out, name));
      return [name, createHash('sha256').update(bytes).digest('hex')] as const;
    });
  return Object.fromEntries(await Promise.all(entries));
}

/** Inodes of the shards that the attempts have finished so far, by file name. */
export async function finishedShards(folder: string): Promise<Map<string, number>> {
  const scratch = join(folder, 'data', 'scratch');
  const shards = new Map<string, number>();
  for (const name of await below(scratch)) {
    if (!name.endsWith('.record.json')) continue;
    const path = join(scratch, name.slice(0, -'.record.json'.length));
    // A kill while the scratch folder is cleared may leave the record alone.
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined) shards.set(path.slice(path.lastIndexOf('/') + 1), found.ino);
  }
  return shards;
}
