import { syncPath, makeFolder } from '@eigenloom/checkpoint';
import { atPath, corruptData, dependencyDown } from '@eigenloom/errors';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { writeDurably } from './durable-file.js';
import { assertKey, type Change, type Entry, type KeyValueStore } from './key-value-store.js';
import { LatestByKey } from './latest-by-key.js';

/** Bytes before a value: its revision (uint64) and the CRC-32 of the value (uint32), big-endian. */
const HEADER_BYTES = 12;
/** Not a key: holds the last revision, so that a deletion before a restart does not turn revisions back. */
const CLOCK = '~revision';
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

async function read(folder: string, key: string): Promise<Entry> {
  const path = join(folder, key + SUFFIX);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw atPath(path, error);
  });
  const value = bytes.subarray(HEADER_BYTES);
  if (bytes.byteLength < HEADER_BYTES || crc32(value) !== bytes.readUInt32BE(8)) {
    throw corruptData('RECORD_CORRUPT', `the stored record ${key} is damaged`);
  }
  return { key, value, revision: Number(bytes.readBigUInt64BE(0)) };
}

/**
 * A key-value store in a folder, one file a key. Writes are one after another, each durable before it is reported. The folder
 * must be locked by the caller (`lockFolder`): one process at a time.
 */
export class FolderStore implements KeyValueStore {
  private readonly revisions = new Map<string, number>();
  private readonly watchers = new Set<Watcher>();
  private last = 0;
  private tail: Promise<unknown> = Promise.resolve();
  private closed = false;

  private constructor(private readonly folder: string) {}

  static async open(folder: string): Promise<FolderStore> {
    await makeFolder(folder, 0o700);
    const store = new FolderStore(folder);
    for (const name of await readdir(folder)) {
      if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
      if (!name.endsWith(SUFFIX)) continue;
      const key = name.slice(0, -SUFFIX.length);
      const { revision } = await read(folder, key);
      if (key !== CLOCK) store.revisions.set(key, revision);
      store.last = Math.max(store.last, revision);
    }
    return store;
  }

  get(key: string): Promise<Entry | undefined> {
    assertKey(key);
    return this.inOrder(() => this.current(key));
  }

  create(key: string, value: Uint8Array): Promise<number | undefined> {
    assertKey(key);
    return this.inOrder(async () => (this.revisions.has(key) ? undefined : this.write(key, value)));
  }

  update(key: string, value: Uint8Array, revision: number): Promise<number | undefined> {
    assertKey(key);
    return this.inOrder(async () =>
      this.revisions.get(key) === revision ? this.write(key, value) : undefined,
    );
  }

  delete(key: string): Promise<void> {
    assertKey(key);
    return this.inOrder(async () => {
      if (!this.revisions.has(key)) return;
      const revision = this.last + 1;
      await writeDurably(join(this.folder, CLOCK + SUFFIX), encode(new Uint8Array(), revision));
      await rm(join(this.folder, key + SUFFIX));
      await syncPath(this.folder);
      this.last = revision;
      this.revisions.delete(key);
      this.tell({ key, revision });
    });
  }

  list(prefix: string, page: { after?: string; limit?: number } = {}): Promise<Entry[]> {
    const { after = '', limit = Infinity } = page;
    return this.inOrder(async () => {
      const keys = [...this.revisions.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
      const entries: Entry[] = [];
      for (const key of keys) {
        if (entries.length >= limit) break;
        entries.push(await read(this.folder, key));
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
      await this.inOrder(async () => {
        const newer = [...this.revisions].filter(
          ([key, revision]) => key.startsWith(prefix) && revision > afterRevision,
        );
        for (const [key] of newer.sort((a, b) => a[1] - b[1])) {
          watcher.queue.push(key, await read(this.folder, key));
        }
        this.watchers.add(watcher);
      });
      yield* watcher.queue;
    } finally {
      this.watchers.delete(watcher);
      signal.removeEventListener('abort', stop);
    }
  }

  /** Nobody else writes to the folder. */
  onReset(): () => void {
    return () => undefined;
  }

  async close(): Promise<void> {
    await this.tail.catch(() => undefined);
    this.closed = true;
    for (const { queue } of this.watchers) queue.close();
  }

  private async current(key: string): Promise<Entry | undefined> {
    return this.revisions.has(key) ? read(this.folder, key) : undefined;
  }

  private async write(key: string, value: Uint8Array): Promise<number> {
    const revision = this.last + 1;
    try {
      await writeDurably(join(this.folder, key + SUFFIX), encode(value, revision));
    } catch (error) {
      // It may stand there although its folder could not be synced: what is read next is what counts.
      const stands = await read(this.folder, key).catch(() => undefined);
      if (stands?.revision === revision) this.note(key, revision, value);
      throw error;
    }
    this.note(key, revision, value);
    return revision;
  }

  private note(key: string, revision: number, value: Uint8Array): void {
    this.last = revision;
    this.revisions.set(key, revision);
    this.tell({ key, revision, value });
  }

  private tell(change: Change): void {
    for (const { prefix, queue } of this.watchers) {
      if (change.key.startsWith(prefix)) queue.push(change.key, change);
    }
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
