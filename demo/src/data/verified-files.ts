import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { corruptData } from '@eigenloom/errors';

/** Files of an npm package by their path inside it, with one digest over all of them. */
export interface VerifiedFiles {
  readonly files: ReadonlyMap<string, Buffer>;
  /** SHA-256 over the lines `sha256 path` in order of path. */
  readonly digest: string;
}

async function list(folder: string, wanted: (path: string) => boolean): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter(wanted)
    .sort();
}

/**
 * Reads the data files of an installed package that `wanted` selects and checks them against `expectedDigest`.
 * Throws CORRUPT_DATA when a single byte differs from what the demo was written for.
 */
export async function readVerifiedFiles(
  packageName: string,
  wanted: (path: string) => boolean,
  expectedDigest: string,
): Promise<VerifiedFiles> {
  const folder = join(dirname(require.resolve(`${packageName}/package.json`)), 'data');
  const files = new Map<string, Buffer>();
  const all = createHash('sha256');
  for (const path of await list(folder, wanted)) {
    const content = await readFile(join(folder, path));
    files.set(path, content);
    all.update(`${createHash('sha256').update(content).digest('hex')} ${path}\n`);
  }
  const digest = all.digest('hex');
  if (digest !== expectedDigest) {
    throw corruptData(
      'DATA_SET_DIGEST_MISMATCH',
      `${packageName}: SHA-256 of its data files is ${digest}, expected ${expectedDigest}`,
    );
  }
  return { files, digest };
}
