import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { corruptData, internal, invalidInput } from '@eigenloom/errors';
import { sha256File } from '@eigenloom/numeric';

import { type JsonObject, sortedJson } from '../json-file.js';

export const MANIFEST_FILE = 'manifest.json';

export interface ManifestFile {
  /** Path in the artifact, with `/`. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What an artifact was made from and by. Deterministic: neither time nor machine nor path. */
export interface ManifestSource {
  /** SHA-256 of what was read, by role: `model/model.safetensors`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** proto3 JSON of the request with defaults filled in, without `request_id` and output places. */
  readonly request: JsonObject;
  /** Decimal. */
  readonly seed: string;
  /** By component: `eigenloom`, `numeric`. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface Manifest extends ManifestSource {
  readonly digest: string;
  readonly files: readonly ManifestFile[];
}

/**
 * SHA-256 of files of an artifact, lower-case hex, by path with `/`: of those that their writer hashed while it wrote them and that
 * nothing has touched since.
 */
export type WrittenDigests = Readonly<Record<string, string>>;

/** Files of an artifact: a manifest of so many is some 40 MB, and a reader takes 64 MiB of JSON. Beyond it something is wrong. */
const MAX_FILES = 150_000;

/**
 * Digests of every file under a folder but its manifest, in order of path; what is not known is hashed. Links and other odd files
 * are refused, and so is a digest without its file.
 */
export async function hashFolder(
  folder: string,
  known: WrittenDigests,
  signal?: AbortSignal,
): Promise<ManifestFile[]> {
  const paths = (await listFiles(folder, '')).filter((path) => path !== MANIFEST_FILE).sort();
  if (paths.length > MAX_FILES)
    throw corruptData('TOO_MANY_FILES', `an artifact of ${paths.length} files, more than ${MAX_FILES}`);
  const missing = Object.keys(known).find((path) => !paths.includes(path));
  if (missing !== undefined) throw internal('FILE_NOT_WRITTEN', `${missing} was to be part of an artifact`);
  const files: ManifestFile[] = [];
  for (const path of paths) {
    const { size } = await stat(join(folder, path));
    const sha256 = known[path] ?? (await sha256File(join(folder, path), { signal }));
    files.push({ path, sizeBytes: size, sha256 });
  }
  return files;
}

async function listFiles(folder: string, prefix: string): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) for (const file of await listFiles(folder, path)) paths.push(file);
    else if (entry.isFile()) paths.push(path);
    else throw invalidInput('UNSAFE_FILE_NAME', path, 'is neither a file nor a folder');
  }
  return paths;
}

/** SHA-256 over the lines `sha256 path` of all files in order of path. */
export function digestOf(files: readonly ManifestFile[]): string {
  const hash = createHash('sha256');
  for (const { sha256, path } of files) hash.update(`${sha256} ${path}\n`);
  return hash.digest('hex');
}

export function manifestText(manifest: Manifest): string {
  const files = manifest.files.map(({ path, sizeBytes, sha256 }) => ({
    path,
    size_bytes: sizeBytes,
    sha256,
  }));
  const { digest, inputs, request, seed, versions } = manifest;
  return sortedJson({ digest, files, inputs, request, seed, versions });
}
