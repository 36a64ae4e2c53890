import { ArtifactCache, ArtifactStore, type CacheRequest, UriResolver } from '@eigenloom/checkpoint';
import type { common } from '@eigenloom/contracts';
import { about, alreadyExists, isAbsent, isErrno } from '@eigenloom/errors';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifacts, CommitOptions } from './artifacts.js';

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

  async checkTarget(uri: string, field: string): Promise<void> {
    if (inStore(uri)) return;
    const path = await this.uris.resolveTarget(uri, field);
    const there = await lstat(path).catch((error: unknown) => {
      if (!isErrno(error, 'ENOENT')) throw about(field, error);
      return undefined;
    });
    if (there !== undefined)
      throw alreadyExists('OUTPUT_EXISTS', `${field}: already exists and is not overwritten`);
  }

  async commit(options: CommitOptions): Promise<common.Artifact> {
    const { jobId, part, target, manifest, signal, fence, write } = options;
    const field = part === 'residual' ? 'residual_uri' : 'output_uri';
    const place = inStore(target)
      ? {}
      : { target: await this.uris.resolveTarget(target, field), targetUri: target };
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

  async remove(jobId: string): Promise<void> {
    for (const kind of ['artifacts', 'commits']) {
      const folder = join(this.dataFolder, kind);
      const names = await readdir(folder).catch((error: unknown) => {
        if (!isAbsent(error)) throw error;
        return [];
      });
      const own = names.filter((name) => name === jobId || name.startsWith(`${jobId}.`));
      await Promise.all(own.map((name) => rm(join(folder, name), { recursive: true, force: true })));
    }
  }
}
