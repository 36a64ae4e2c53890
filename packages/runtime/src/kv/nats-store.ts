import { dependencyDown } from '@eigenloom/errors';
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import type { KV, KvEntry } from '@nats-io/kv';
import { assertKey, type Change, type Entry, type KeyValueStore } from './key-value-store.js';

const toEntry = ({ key, value, revision }: KvEntry): Entry => ({ key, value, revision });

const lostRace = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
    error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown);

async function reach<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw dependencyDown('STORE_UNREACHABLE', 'the store cannot be reached', { cause: error });
  }
}

async function unlessRaced(work: () => Promise<number>): Promise<number | undefined> {
  return reach(async () => {
    try {
      return await work();
    } catch (error) {
      if (lostRace(error)) return undefined;
      throw error;
    }
  });
}

/** A key-value store in a NATS bucket; revisions are the sequence of its stream. */
export class NatsStore implements KeyValueStore {
  private readonly closing = new AbortController();

  constructor(private readonly bucket: KV) {}

  get(key: string): Promise<Entry | undefined> {
    assertKey(key);
    return reach(async () => {
      const entry = await this.bucket.get(key);
      return entry?.operation === 'PUT' ? toEntry(entry) : undefined;
    });
  }

  create(key: string, value: Uint8Array): Promise<number | undefined> {
    assertKey(key);
    return unlessRaced(() => this.bucket.create(key, value));
  }

  update(key: string, value: Uint8Array, revision: number): Promise<number | undefined> {
    assertKey(key);
    return unlessRaced(() => this.bucket.update(key, value, revision));
  }

  delete(key: string): Promise<void> {
    assertKey(key);
    return reach(() => this.bucket.delete(key));
  }

  async list(prefix: string, page: { after?: string; limit?: number } = {}): Promise<Entry[]> {
    const { after = '', limit = Infinity } = page;
    return reach(async () => {
      const keys: string[] = [];
      for await (const key of await this.bucket.keys(`${prefix}>`)) if (key > after) keys.push(key);
      const entries: Entry[] = [];
      for (const key of keys.sort()) {
        if (entries.length >= limit) break;
        const entry = await this.bucket.get(key);
        if (entry?.operation === 'PUT') entries.push(toEntry(entry));
      }
      return entries;
    });
  }

  async *watch(
    prefix: string,
    { afterRevision = 0, signal }: { afterRevision?: number; signal: AbortSignal },
  ): AsyncGenerator<Change> {
    const either = AbortSignal.any([signal, this.closing.signal]);
    if (either.aborted) return;
    const changes = await reach(() =>
      this.bucket.watch({
        key: `${prefix}>`,
        ...(afterRevision > 0 && { resumeFromRevision: afterRevision + 1 }),
      }),
    );
    const stop = (): void => {
      changes.stop();
    };
    either.addEventListener('abort', stop, { once: true });
    try {
      for await (const { key, value, revision, operation } of changes) {
        yield operation === 'PUT' ? { key, value, revision } : { key, revision };
      }
    } finally {
      either.removeEventListener('abort', stop);
      stop();
    }
  }

  close(): Promise<void> {
    this.closing.abort();
    return Promise.resolve();
  }
}
