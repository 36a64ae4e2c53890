import type { DigestCache, FileDigest } from '@eigenloom/checkpoint';
import { type SafetensorsFile, sha256File } from '@eigenloom/numeric';

/**
 * SHA-256 of what a merge reads, by path. The merge takes those of the files that it opens while it reads them; the others are hashed
 * when they are asked for. A file whose digest is in the cache is not hashed at all.
 */
export class InputDigests {
  private readonly known = new Map<string, string>();
  private readonly looked = new Map<string, FileDigest>();

  constructor(private readonly cache?: DigestCache) {}

  /** Those whose digest is not known, each once. Errors: the system's, for a file that is gone. */
  async missing(files: Iterable<SafetensorsFile>): Promise<SafetensorsFile[]> {
    const missing: SafetensorsFile[] = [];
    for (const file of new Set(files)) {
      if (this.known.has(file.path)) continue;
      const found = await this.cache?.look(file.path);
      // What was opened is read, even if something else has its path by now.
      const look = found?.identity === file.identity ? found : undefined;
      if (look?.known !== undefined) this.known.set(file.path, look.known);
      else missing.push(file);
      if (look !== undefined) this.looked.set(file.path, look);
    }
    return missing;
  }

  /** The digest of a file that was missing. */
  async add(file: SafetensorsFile | undefined, digest: string): Promise<void> {
    if (file === undefined) return;
    this.known.set(file.path, digest);
    await this.looked.get(file.path)?.keep(digest);
  }

  async of(path: string, signal: AbortSignal): Promise<string> {
    const digest = this.known.get(path) ?? (await this.hash(path, signal));
    this.known.set(path, digest);
    return digest;
  }

  private hash(path: string, signal: AbortSignal): Promise<string> {
    return this.cache === undefined ? sha256File(path, { signal }) : this.cache.of(path, signal);
  }
}
