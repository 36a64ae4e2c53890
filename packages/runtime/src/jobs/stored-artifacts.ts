import { ArtifactCache, ArtifactStore, type CacheRequest, UriResolver } from '@eigenloom/checkpoint';
import type { common } from '@eigenloom/contracts';
import { about, alreadyExists, isAbsent, isErrno } from '@eigenloom/errors';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifacts, CommitOptions } from './artifacts.js';

/** Of a path in a message. */
const MAX_SHOWN = 300;

const inStore = (target: string): boolean => target === '' || target === 'job:';

/** Artifacts and inputs on a local or shared volume. */
export class StoredArtifacts implements Artifacts {
  private readonly store: ArtifactStore;
  private readonly cache: ArtifactCache;
  private readonly uris: UriResolver;

  constructor(
    private readonly dataFolder: string,
    roots: readonly string[],
    cacheBytes?: number,
  ) {
    this.store = new ArtifactStore(dataFolder);
    this.cache = new ArtifactCache(dataFolder, cacheBytes);
    this.uris = new UriResolver({ roots });
  }

  resolve(uri: string, field: string): Promise<string> {
    return this.uris.resolve(uri, field);
  }

  async targetPath(uri: string, field: string): Promise<string | undefined> {
    return inStore(uri) ? undefined : this.uris.resolveTarget(uri, field);
  }

  async checkTarget(uri: string, field: string): Promise<void> {
    const path = await this.targetPath(uri, field);
    if (path === undefined) return;
    const there = await lstat(path).catch((error: unknown) => {
      if (!isErrno(error, 'ENOENT')) throw about(field, error);
      return undefined;
    });
    if (there !== undefined)
      throw alreadyExists(
        'OUTPUT_EXISTS',
        `${field}: ${uri.slice(0, MAX_SHOWN)} already exists and is not overwritten; remove it or name another`,
      );
  }

  async commit(options: CommitOptions): Promise<common.Artifact> {
    const { jobId, part, target, stages, manifest, signal, fence, write } = options;
    const field = part === 'residual' ? 'residual_uri' : 'output_uri';
    const path = await this.targetPath(target, field);
    const place = path === undefined ? {} : { target: path, targetUri: target, stages };
    return this.store.commit({ job: jobId, part, field, source: manifest, signal, fence, write, ...place });
  }

  cached(request: CacheRequest): Promise<string> {
    return this.cache.folderOf(request);
  }

  folderOf(jobId: string, part: string, field: string): Promise<string> {
    return this.store.folderOf(part === '' ? jobId : `${jobId}.${part}`, field);
  }

  async removeStages(isAlive: (jobId: string) => boolean | Promise<boolean>): Promise<void> {
    await this.store.removeStaleStages(isAlive);
  }

  async sizeOf(jobId: string): Promise<{ stored: number; bytes: number }> {
    const [artifacts, commits] = await Promise.all([
      this.own('artifacts', jobId),
      this.own('commits', jobId),
    ]);
    const sizes = await Promise.all([...artifacts, ...commits].map(bytesBelow));
    return { stored: artifacts.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
  }

  async remove(jobId: string): Promise<void> {
    for (const kind of ['artifacts', 'commits'] as const) {
      const own = await this.own(kind, jobId);
      await Promise.all(own.map((path) => rm(path, { recursive: true, force: true })));
    }
  }

  /** Paths of a job's artifacts, or of the marks of those that went elsewhere. */
  private async own(kind: 'artifacts' | 'commits', jobId: string): Promise<string[]> {
    const folder = join(this.dataFolder, kind);
    const names = await readdir(folder).catch((error: unknown) => {
      if (!isAbsent(error)) throw error;
      return [];
    });
    return names
      .filter((name) => name === jobId || name.startsWith(`${jobId}.`))
      .map((name) => join(folder, name));
  }
}

/** Bytes of a file, or of the files below a folder. */
async function bytesBelow(path: string): Promise<number> {
  const info = await lstat(path).catch(() => undefined);
  if (info?.isDirectory() !== true) return info?.size ?? 0;
  const names = await readdir(path).catch(() => []);
  const sizes = await Promise.all(names.map((name) => bytesBelow(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}
