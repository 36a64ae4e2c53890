import { dependencyDown } from '@eigenloom/errors';
import { mkdir, readdir, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  closeProcessId,
  isAlive,
  openProcessId,
  parseProcess,
  type ProcessId,
  processText,
} from '../homes/process-id.js';

const LOCK = 'lock';
const PREPARED = 'lock-of-';
const FIRST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 20;
/** A holder elsewhere that has held it for so long has died: nothing that is done under the lock takes a second. */
const DEAD_MS = 30_000;
/** A holder that lives and does not go on for so long has been stopped. */
const PATIENCE_MS = 60_000;
/** A disk that fails now and then is asked again. */
const TRIES = 5;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/**
 * Lets one process at a time write in a folder. The lock is a folder that holds one file, named after its holder. It is taken by
 * renaming a prepared folder onto it, which succeeds only while it is empty or missing, and released by unlinking the file. The same
 * unlink breaks the lock of a dead holder and, since it names that holder, never another's. Needs neither hard links nor flock, which
 * not every file system has.
 */
export class WriteLock {
  private readonly id: ProcessId = openProcessId();
  private readonly name = processText(this.id);
  private readonly place: string;
  private readonly prepared: string;

  constructor(private readonly folder: string) {
    this.place = join(folder, LOCK);
    this.prepared = join(folder, PREPARED + this.name);
  }

  /** Runs `work` while no other process is under this lock. One call at a time. Throws DEPENDENCY_DOWN `STORE_LOCKED`. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    await this.take();
    try {
      return await work();
    } finally {
      await unlink(join(this.place, this.name)).catch(() => undefined);
    }
  }

  /** Also removes what holders that died while they waited have left. */
  async close(): Promise<void> {
    closeProcessId(this.id);
    for (const name of await readdir(this.folder).catch(() => [])) {
      if (!name.startsWith(PREPARED)) continue;
      const other = parseProcess(name.slice(PREPARED.length));
      if (other === undefined || isAlive(other) === false) {
        await rm(join(this.folder, name), { recursive: true, force: true });
      }
    }
  }

  private async take(): Promise<void> {
    const started = performance.now();
    let waitMs = FIRST_WAIT_MS;
    for (let failures = 0; ;) {
      try {
        await mkdir(this.prepared, { recursive: true, mode: 0o700 });
        await writeFile(join(this.prepared, this.name), '', { mode: 0o600 });
        await rename(this.prepared, this.place);
        return;
      } catch (error) {
        const holder = await this.holder();
        if (holder === undefined && (failures += 1) >= TRIES) throw error;
        // Windows renames onto no folder, not even an empty one.
        if (codeOf(error) === 'EPERM') await rmdir(this.place).catch(() => undefined);
        if (holder !== undefined && (await this.isDead(holder))) {
          await unlink(join(this.place, holder)).catch(() => undefined);
          continue;
        }
        if (performance.now() - started > PATIENCE_MS) throw this.held(holder);
      }
      await delay(waitMs);
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
    }
  }

  private async holder(): Promise<string | undefined> {
    return (await readdir(this.place).catch(() => []))[0];
  }

  private async isDead(holder: string): Promise<boolean> {
    const id = parseProcess(holder);
    if (id === undefined) return true;
    const alive = isAlive(id);
    if (alive !== undefined) return !alive;
    // Both times are of the folder's own clock: the prepared folder was made just now.
    const [theirs, mine] = await Promise.all(
      [join(this.place, holder), join(this.prepared, this.name)].map((path) =>
        stat(path).catch(() => undefined),
      ),
    );
    return theirs !== undefined && mine !== undefined && mine.mtimeMs - theirs.mtimeMs > DEAD_MS;
  }

  private held(holder: string | undefined): Error {
    const id = parseProcess(holder ?? '');
    const who = id === undefined ? 'another process' : `process ${String(id.pid)} on ${id.host}`;
    return dependencyDown('STORE_LOCKED', `${who} holds the job records and does not go on; end it`);
  }
}
