import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { sha256File } from '@eigenloom/numeric';

import { readJsonFile } from '../json-file.js';

/**
 * A file that was changed this shortly before it was hashed may change again without a new time: clocks of file systems are coarse,
 * FAT's has steps of two seconds.
 */
const RACY_MS = 2000;

/** What a file system says of a file; equal while nobody has changed it. */
interface Stamp {
  readonly size: string;
  readonly modified: string;
  readonly changed: string;
}

interface Seen {
  readonly identity: string;
  readonly stamp: Stamp;
  /** Whether a change from now on changes the stamp. */
  readonly settled: boolean;
}

/** A file before it is hashed. */
export interface FileDigest {
  /** Device and inode, as in `SafetensorsFile.identity`. */
  readonly identity: string;
  /** SHA-256, lower-case hex, where it is known. */
  readonly known: string | undefined;
  /** Keeps a digest of what was read since, unless the file has changed meanwhile. */
  readonly keep: (digest: string) => Promise<void>;
}

/**
 * SHA-256 of files that have been hashed before, known by device, inode, size, and the times of the last change of content and of
 * inode to the nanosecond, as version control systems know them. A folder of small files; what cannot be read or written there is
 * hashed again.
 */
export class DigestCache {
  /** `now` tells the time in milliseconds of the clock that file systems go by; tests bring their own. */
  constructor(
    private readonly folder: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** What is known of a file. Errors: the system's, where it cannot be looked at. */
  async look(path: string): Promise<FileDigest> {
    const seen = await this.see(path);
    const known = await this.find(seen);
    const keep = async (digest: string): Promise<void> => {
      const now = await this.see(path);
      if (seen.settled && now.identity === seen.identity && sameStamp(now.stamp, seen.stamp)) {
        await this.store(seen, digest).catch(() => undefined);
      }
    };
    return { identity: seen.identity, known, keep };
  }

  /** SHA-256 of a file, lower-case hex. */
  async of(path: string, signal?: AbortSignal): Promise<string> {
    const { known, keep } = await this.look(path);
    if (known !== undefined) return known;
    const digest = await sha256File(path, { signal });
    await keep(digest);
    return digest;
  }

  private async find({ identity, stamp }: Seen): Promise<string | undefined> {
    const entry = await readJsonFile(join(this.folder, identity)).catch(() => undefined);
    if (entry === undefined) return undefined;
    const { size, modified, changed, sha256 } = entry;
    const same = size === stamp.size && modified === stamp.modified && changed === stamp.changed;
    return same && typeof sha256 === 'string' ? sha256 : undefined;
  }

  private async see(path: string): Promise<Seen> {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    const latest = Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n);
    return {
      identity: `${dev}-${ino}`,
      stamp: { size: String(size), modified: String(mtimeNs), changed: String(ctimeNs) },
      settled: this.now() - latest > RACY_MS,
    };
  }

  private async store({ identity, stamp }: Seen, sha256: string): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const partial = join(this.folder, `.${identity}.${process.pid}-${(writes += 1)}.partial`);
    try {
      await writeFile(partial, `${JSON.stringify({ ...stamp, sha256 })}\n`, { flag: 'wx' });
      await rename(partial, join(this.folder, identity));
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  }
}

let writes = 0;

const sameStamp = (a: Stamp, b: Stamp): boolean =>
  a.size === b.size && a.modified === b.modified && a.changed === b.changed;
