import { syncPath, makeFolder } from '@eigenloom/checkpoint';
import { atPath, corruptData, dependencyDown, isErrno, toAppError } from '@eigenloom/errors';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { ChangeLog, type LoggedChange } from './change-log.js';
import { writeDurably } from './durable-file.js';
import { assertKey, type Change, type Entry, type KeyValueStore } from './key-value-store.js';
import { LatestByKey } from './latest-by-key.js';
import { WriteLock } from './write-lock.js';

/** Bytes before a value: its revision (uint64) and the CRC-32 of the value (uint32), big-endian. */
const HEADER_BYTES = 12;
/** Not a key: held the last revision in earlier versions. */
const CLOCK = '~revision';
/** How often a watch asks whether other processes have written. */
const POLL_MS = 100;
const SUFFIX = '.value';

interface Watcher {
  readonly prefix: string;
  readonly queue: LatestByKey<Change>;
}

function encode(value: Uint8Array, revision: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + value.byteLength);
  bytes.writeBigUInt64BE(BigInt(revision), 0);
  bytes.writeUInt32BE(crc32(value), 8);
  bytes.set(value, HEADER_BYTES);
  return bytes;
}

/** Undefined for what is not there. Throws CORRUPT_DATA `RECORD_CORRUPT`. */
async function read(folder: string, key: string): Promise<Entry | undefined> {
  const path = join(folder, key + SUFFIX);
  const bytes = await readFile(path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw atPath(path, error);
  });
  if (bytes === undefined) return undefined;
  const value = bytes.subarray(HEADER_BYTES);
  if (bytes.byteLength < HEADER_BYTES || crc32(value) !== bytes.readUInt32BE(8)) {
    throw corruptData('RECORD_CORRUPT', `the stored record ${key}${SUFFIX} is damaged; remove that file`);
  }
  return { key, value, revision: Number(bytes.readBigUInt64BE(0)) };
}

/** As `read`, but one damaged record does not hide the others. */
async function readIntact(folder: string, key: string): Promise<Entry | undefined> {
  return read(folder, key).catch((error: unknown) => {
    if (toAppError(error).reason === 'RECORD_CORRUPT') return undefined;
    throw error;
  });
}

/**
 * A key-value store in a folder, one file a key, that processes share: each write is made under a lock, and durable before it is
 * reported. A watch sees what other processes write by their log of changes, at most POLL_MS later.
 */
export class FolderStore implements KeyValueStore {
  private readonly revisions = new Map<string, number>();
  private readonly watchers = new Set<Watcher>();
  private readonly lock: WriteLock;
  private readonly log: ChangeLog;
  private last = 0;
  private tail: Promise<unknown> = Promise.resolve();
  private closed = false;
  private poll: NodeJS.Timeout | undefined;
  private looking = false;

  private constructor(private readonly folder: string) {
    this.lock = new WriteLock(folder);
    this.log = new ChangeLog(folder);
  }

  static async open(folder: string): Promise<FolderStore> {
    await makeFolder(folder, 0o700);
    const store = new FolderStore(folder);
    await store.lock.hold(async () => {
      for (const name of await readdir(folder)) {
        if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
      }
      await store.log.read().then(({ last }) => (store.last = last));
      await store.lookAtAll();
    });
    return store;
  }

  get(key: string): Promise<Entry | undefined> {
    assertKey(key);
    return this.inOrder(() => read(this.folder, key));
  }

  create(key: string, value: Uint8Array): Promise<number | undefined> {
    assertKey(key);
    return this.alone(async () => (this.revisions.has(key) ? undefined : this.write(key, value)));
  }

  update(key: string, value: Uint8Array, revision: number): Promise<number | undefined> {
    assertKey(key);
    return this.alone(async () =>
      this.revisions.get(key) === revision ? this.write(key, value) : undefined,
    );
  }

  delete(key: string): Promise<void> {
    assertKey(key);
    return this.alone(async () => {
      const revision = this.last + 1;
      await this.log.append(key, revision, true);
      await rm(join(this.folder, key + SUFFIX), { force: true });
      await syncPath(this.folder);
      this.last = revision;
      if (this.revisions.delete(key)) this.tell({ key, revision });
    });
  }

  list(prefix: string, page: { after?: string; limit?: number } = {}): Promise<Entry[]> {
    const { after = '', limit = Infinity } = page;
    return this.inOrder(async () => {
      const keys = (await this.keys()).filter((key) => key.startsWith(prefix) && key > after).sort();
      const entries: Entry[] = [];
      for (const key of keys) {
        if (entries.length >= limit) break;
        const entry = await readIntact(this.folder, key);
        if (entry !== undefined) entries.push(entry);
      }
      return entries;
    });
  }

  async *watch(
    prefix: string,
    { afterRevision = 0, signal }: { afterRevision?: number; signal: AbortSignal },
  ): AsyncGenerator<Change> {
    const watcher: Watcher = { prefix, queue: new LatestByKey() };
    const stop = (): void => {
      watcher.queue.close();
    };
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    try {
      await this.alone(async () => {
        const newer = [...this.revisions].filter(
          ([key, revision]) => key.startsWith(prefix) && revision > afterRevision,
        );
        for (const [key] of newer.sort((a, b) => a[1] - b[1])) {
          const entry = await readIntact(this.folder, key);
          if (entry !== undefined) watcher.queue.push(key, entry);
        }
        this.watchers.add(watcher);
      });
      this.poll ??= setInterval(() => void this.lookForNews(), POLL_MS).unref();
      yield* watcher.queue;
    } finally {
      this.watchers.delete(watcher);
      signal.removeEventListener('abort', stop);
    }
  }

  /** What is in the folder stays: no other process starts it anew. */
  onReset(): () => void {
    return () => undefined;
  }

  async close(): Promise<void> {
    clearInterval(this.poll);
    await this.tail.catch(() => undefined);
    if (!this.closed) await this.lock.close();
    this.closed = true;
    for (const { queue } of this.watchers) queue.close();
  }

  private async write(key: string, value: Uint8Array): Promise<number> {
    const revision = this.last + 1;
    this.last = revision;
    await this.log.append(key, revision, false);
    try {
      await writeDurably(join(this.folder, key + SUFFIX), encode(value, revision));
    } catch (error) {
      // It may stand there although its folder could not be synced: what is read next is what counts.
      await this.lookAt(key, revision).catch(() => undefined);
      throw error;
    }
    this.revisions.set(key, revision);
    this.tell({ key, revision, value });
    return revision;
  }

  /** Keys of all values, in no order. */
  private async keys(): Promise<string[]> {
    const names = await readdir(this.folder);
    return names
      .filter((name) => name.endsWith(SUFFIX) && name !== CLOCK + SUFFIX)
      .map((name) => name.slice(0, -SUFFIX.length));
  }

  /** Learns what a key holds now, and tells the watchers when it is news. `revision` is that of a deletion. */
  private async lookAt(key: string, revision: number): Promise<void> {
    const entry = await readIntact(this.folder, key);
    const known = this.revisions.get(key);
    if (entry === undefined) {
      if (this.revisions.delete(key)) this.tell({ key, revision });
    } else if (entry.revision !== known) {
      this.revisions.set(key, entry.revision);
      this.last = Math.max(this.last, entry.revision);
      this.tell(entry);
    }
  }

  private async lookAtAll(): Promise<void> {
    // Stores of earlier versions keep their last revision in a value.
    const clock = await readIntact(this.folder, CLOCK);
    this.last = Math.max(this.last, clock?.revision ?? 0);
    for (const key of new Set([...this.revisions.keys(), ...(await this.keys())])) {
      await this.lookAt(key, this.last);
    }
  }

  /** Learns what other processes have written. Under the lock. */
  private async refresh(): Promise<void> {
    const { anew, changes, last } = await this.log.read();
    this.last = Math.max(this.last, last);
    if (anew) await this.lookAtAll();
    else for (const { key, revision } of latest(changes)) await this.lookAt(key, revision);
  }

  private async lookForNews(): Promise<void> {
    if (this.watchers.size === 0 || this.closed || this.looking) return;
    this.looking = true;
    try {
      if (await this.log.moved()) await this.alone(() => Promise.resolve());
    } catch {
      // What cannot be read now is read by the next look.
    } finally {
      this.looking = false;
    }
  }

  private tell(change: Change): void {
    for (const { prefix, queue } of this.watchers) {
      if (change.key.startsWith(prefix)) queue.push(change.key, change);
    }
  }

  /** While no other process writes, and with all that others have written known. */
  private alone<T>(work: () => Promise<T>): Promise<T> {
    return this.inOrder(() =>
      this.lock.hold(async () => {
        await this.refresh();
        return work();
      }),
    );
  }

  private inOrder<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(() => {
      if (this.closed) throw dependencyDown('STORE_CLOSED', 'the store is closed');
      return work();
    });
    this.tail = result.catch(() => undefined);
    return result;
  }
}

/** The last change of each key. */
function latest(changes: readonly LoggedChange[]): LoggedChange[] {
  return [...new Map(changes.map((change) => [change.key, change])).values()];
}
