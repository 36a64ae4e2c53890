import { type SafetensorsFile, sha256File } from '@eigenloom/numeric';

/**
 * SHA-256 of what a merge reads, by path. The merge takes those of the files that it opens while it reads them; the others are hashed
 * when they are asked for.
 */
export class InputDigests {
  private readonly known = new Map<string, string>();

  /** Those whose digest is not known, each once. */
  missing(files: Iterable<SafetensorsFile>): SafetensorsFile[] {
    return [...new Set(files)].filter(({ path }) => !this.known.has(path));
  }

  add(path: string, digest: string): void {
    this.known.set(path, digest);
  }

  async of(path: string, signal: AbortSignal): Promise<string> {
    const digest = this.known.get(path) ?? (await sha256File(path, { signal }));
    this.known.set(path, digest);
    return digest;
  }
}
