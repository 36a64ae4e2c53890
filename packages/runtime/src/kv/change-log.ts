import { open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = 'changes';
/** Beyond this the log begins anew; who has not read it then looks at every value once. */
const MAX_BYTES = 1024 * 1024;
const LINE = /^(\d+) (\S+)$/;
/** Stands for no key: only the revision counts. */
const NO_KEY = '~';

/** One line of the log. */
export interface LoggedChange {
  readonly key: string;
  readonly revision: number;
}

/** What was written since the last look. */
export interface Seen {
  /** The log cannot tell: every value has to be looked at. */
  readonly anew: boolean;
  readonly changes: readonly LoggedChange[];
  /** The newest revision that the log knows. */
  readonly last: number;
}

function parse(text: string): LoggedChange[] {
  // A process that died may have left half a line, a power cut zeros: what is no line is none.
  return text.split('\n').flatMap((line) => {
    const [, revision, key] = LINE.exec(line) ?? [];
    return revision === undefined || key === undefined ? [] : [{ revision: Number(revision), key }];
  });
}

/**
 * Revisions and keys of a folder's writes in their order, by which processes learn of each other's. A line is appended before its value
 * is written. Only deletions are synced: after a power cut the values themselves tell the newest revision of all else. To be used under
 * the write lock, `moved` excepted.
 */
export class ChangeLog {
  private readonly path: string;
  private inode = 0n;
  private offset = 0;

  constructor(folder: string) {
    this.path = join(folder, FILE);
  }

  /** Whether there may be something new. Needs no lock. */
  async moved(): Promise<boolean> {
    const { ino, size } = await this.look();
    return ino !== this.inode || size !== this.offset;
  }

  async read(): Promise<Seen> {
    const { ino, size } = await this.look();
    const anew = ino !== this.inode || size < this.offset;
    if (!anew && size === this.offset) return { anew, changes: [], last: 0 };
    const bytes = await readFile(this.path).catch(() => Buffer.alloc(0));
    const all = parse(bytes.subarray(anew ? 0 : this.offset).toString('utf8'));
    this.inode = ino;
    this.offset = bytes.byteLength;
    const last = all.reduce((newest, { revision }) => Math.max(newest, revision), 0);
    return { anew, changes: all.filter(({ key }) => key !== NO_KEY), last };
  }

  async append(key: string, revision: number, durably: boolean): Promise<void> {
    if (this.offset > MAX_BYTES) await this.beginAnew(revision);
    // It starts a line of its own, whatever was left before it.
    const line = Buffer.from(`\n${String(revision)} ${key}\n`);
    const handle = await open(this.path, 'a', 0o600);
    try {
      await handle.writeFile(line);
      if (durably) await handle.sync();
      const { ino, size } = await handle.stat({ bigint: true });
      this.inode = ino;
      this.offset = Number(size);
    } finally {
      await handle.close();
    }
  }

  private async beginAnew(revision: number): Promise<void> {
    const fresh = `${this.path}.tmp`;
    await writeFile(fresh, `${String(revision)} ${NO_KEY}\n`, { mode: 0o600, flush: true });
    await rename(fresh, this.path);
  }

  private async look(): Promise<{ ino: bigint; size: number }> {
    const found = await stat(this.path, { bigint: true }).catch(() => undefined);
    return { ino: found?.ino ?? 0n, size: Number(found?.size ?? 0n) };
  }
}
