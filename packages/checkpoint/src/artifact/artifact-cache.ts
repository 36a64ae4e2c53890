import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { toAppError, isErrno } from '@eigenloom/errors';

import { exists } from '../exists.js';
import { type JsonObject, readJsonFile, sortedJson } from '../json-file.js';
import { MANIFEST_FILE, digestOf, hashFolder } from './manifest.js';
import { publish } from './publish.js';
import { syncFolder } from './sync-folder.js';

export interface CacheRequest {
  /** Everything that the content depends on, the version of what computes it included. */
  readonly key: JsonObject;
  /** Folder on the cache's volume that is removed in time whatever happens: where the entry is written first. */
  readonly scratch: string;
  /** Fills an empty folder. */
  readonly write: (staging: string) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

const CACHE = 'cache';

/** Bytes beyond which entries go, unless the cache is given another limit. */
const MAX_BYTES = 20e9;
/** An entry used so lately may be about to be read, so it stays whatever the size. */
const IN_USE_MS = 3_600_000;

/**
 * Folders that are computed once and found again by what they were computed from: the name is the SHA-256 of the key. An entry appears
 * whole or not at all, as an artifact does, and is hashed before it is used again: one that has been damaged is computed anew. Two
 * requests for one entry in one process compute it once; two processes may both compute it, and the first to finish is kept. Beyond
 * `maxBytes` the entries that have not been used for the longest time go.
 */
export class ArtifactCache {
  private readonly running = new Map<string, Promise<string>>();

  constructor(
    private readonly folder: string,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  /** Folder of the entry, which the caller must not change. Errors: those of `write`; `DISK_FULL`. */
  async folderOf(request: CacheRequest): Promise<string> {
    const id = createHash('sha256').update(sortedJson(request.key)).digest('hex');
    for (;;) {
      request.signal?.throwIfAborted();
      const other = this.running.get(id);
      if (other === undefined) break;
      await settled(other, request.signal);
    }
    const own = this.findOrWrite(id, request);
    this.running.set(id, own);
    try {
      return await own;
    } finally {
      this.running.delete(id);
    }
  }

  private async findOrWrite(id: string, request: CacheRequest): Promise<string> {
    const place = join(this.folder, CACHE, id);
    if (await this.isIntact(place, request)) {
      const now = new Date();
      await utimes(place, now, now);
      return place;
    }
    await mkdir(request.scratch, { recursive: true });
    const staging = await mkdtemp(join(request.scratch, `${CACHE}-`));
    try {
      await request.write(staging);
      request.signal?.throwIfAborted();
      const files = await hashFolder(staging, {}, request.signal);
      const manifest = { digest: digestOf(files), key: request.key };
      await writeFile(join(staging, MANIFEST_FILE), sortedJson(manifest), { flag: 'wx' });
      await syncFolder(staging);
      await this.place(staging, place, request);
      await this.trim(request.scratch);
      return place;
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }

  private async place(staging: string, place: string, request: CacheRequest): Promise<void> {
    try {
      await publish(staging, place, CACHE);
    } catch (error) {
      const taken = toAppError(error).reason === 'OUTPUT_EXISTS';
      if (!taken || !(await this.isIntact(place, request))) throw error;
    }
  }

  /** Removes an entry that is not what was written. */
  private async isIntact(place: string, { scratch, signal }: CacheRequest): Promise<boolean> {
    if (!(await exists(place))) return false;
    try {
      const { digest } = await readJsonFile(join(place, MANIFEST_FILE));
      if (digest === digestOf(await hashFolder(place, {}, signal))) return true;
    } catch (error) {
      signal?.throwIfAborted();
      if (!DAMAGED.has(toAppError(error).kind)) throw error;
    }
    await remove(place, scratch);
    return false;
  }

  private async trim(scratch: string): Promise<void> {
    const entries: { place: string; usedMs: number; bytes: number }[] = [];
    for (const name of await readdir(join(this.folder, CACHE))) {
      const place = join(this.folder, CACHE, name);
      // Another process may remove it meanwhile.
      const usage = await usageOf(place).catch(() => undefined);
      if (usage !== undefined) entries.push({ place, ...usage });
    }
    let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    const idle = entries.filter(({ usedMs }) => usedMs < Date.now() - IN_USE_MS);
    for (const entry of idle.sort((x, y) => x.usedMs - y.usedMs)) {
      if (bytes <= this.maxBytes) return;
      await remove(entry.place, scratch);
      bytes -= entry.bytes;
    }
  }
}

async function usageOf(place: string): Promise<{ usedMs: number; bytes: number }> {
  const { mtimeMs } = await stat(place);
  const files = await readdir(place, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  return { usedMs: mtimeMs, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Removes an entry by a rename, so that nobody finds half of it. */
async function remove(place: string, scratch: string): Promise<void> {
  await mkdir(scratch, { recursive: true });
  const away = await mkdtemp(join(scratch, 'removed-'));
  await rename(place, join(away, 'entry')).catch((error: unknown) => {
    // Another process was faster.
    if (!isErrno(error, 'ENOENT')) throw error;
  });
  await rm(away, { recursive: true, force: true });
}

/** What reading a damaged entry gives. */
const DAMAGED: ReadonlySet<string> = new Set(['CORRUPT_DATA', 'NOT_FOUND', 'INVALID_INPUT']);

/** Waits until a promise has an outcome, whatever it is, or the signal aborts. */
function settled(promise: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      signal?.removeEventListener('abort', end);
      resolve();
    };
    signal?.addEventListener('abort', end, { once: true });
    promise.then(end, end);
  });
}
