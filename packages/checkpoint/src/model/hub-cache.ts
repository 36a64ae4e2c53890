import { realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';

/**
 * A snapshot in the cache of huggingface_hub: `models--OWNER--NAME/snapshots/REVISION`, whose files are links to
 * `models--OWNER--NAME/blobs/HASH`. Data sets and spaces are laid out alike.
 */
const SNAPSHOT = /^(.*\/(?:models|datasets|spaces)--[^/]+)\/snapshots\/[^/]+(?:\/.*)?$/;

/** The folder of the blobs that a folder's files may link to; undefined where it is no snapshot. `folder` has no links in it. */
export function blobsOf(folder: string): string | undefined {
  const [, repository] = SNAPSHOT.exec(folder.split(sep).join('/')) ?? [];
  return repository === undefined ? undefined : join(repository, 'blobs');
}

/**
 * Whether a file is a blob of the repository that a snapshot is of. Both paths are real, so that neither the link, nor another behind
 * it, nor the cache's own folders lead elsewhere.
 */
export const isBlobOf = (file: string, snapshot: string): boolean => dirname(file) === blobsOf(snapshot);

/** The path by which a snapshot names a file, where that is a link to one of its blobs: blobs have neither a name nor an ending. */
export async function snapshotPath(path: string, real: string): Promise<string | undefined> {
  const folder = await realpath(dirname(path));
  return isBlobOf(real, folder) ? join(folder, basename(path)) : undefined;
}
