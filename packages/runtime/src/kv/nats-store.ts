import { AppError, dependencyDown } from '@eigenloom/errors';
import { JetStreamApiCodes } from '@nats-io/jetstream';
import type { KV, KvEntry } from '@nats-io/kv';
import { isApiError } from '../nats/nats-layout.js';
import type { NatsLink } from '../nats/nats-link.js';
import { assertKey, type Change, type Entry, type KeyValueStore } from './key-value-store.js';

const toEntry = ({ key, value, revision }: KvEntry): Entry => ({ key, value, revision });

const lostRace = (error: unknown): boolean =>
  isApiError(error) &&
  (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
    error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown);

/** NATS is there and says no: its disk is full, or a limit of the account is reached. */
const refused = (error: unknown): boolean =>
  isApiError(error) && error.code !== JetStreamApiCodes.StreamNotFound;

/** A key-value store in a NATS bucket; revisions are the sequence of its stream. */
export class NatsStore implements KeyValueStore {
  private readonly closing = new AbortController();

  constructor(private readonly link: NatsLink) {}

  get(key: string): Promise<Entry | undefined> {
    assertKey(key);
    return this.reach(async (bucket) => {
      const entry = await bucket.get(key);
      return entry?.operation === 'PUT' ? toEntry(entry) : undefined;
    });
  }

  create(key: string, value: Uint8Array): Promise<number | undefined> {
    assertKey(key);
    return this.unlessRaced((bucket) => bucket.create(key, value));
  }

  update(key: string, value: Uint8Array, revision: number): Promise<number | undefined> {
    assertKey(key);
    return this.unlessRaced((bucket) => bucket.update(key, value, revision));
  }

  delete(key: string): Promise<void> {
    assertKey(key);
    return this.write((bucket) => bucket.delete(key));
  }

  list(prefix: string, page: { after?: string; limit?: number } = {}): Promise<Entry[]> {
    const { after = '', limit = Infinity } = page;
    return this.reach(async (bucket) => {
      const keys: string[] = [];
      for await (const key of await bucket.keys(`${prefix}>`)) if (key > after) keys.push(key);
      const entries: Entry[] = [];
      for (const key of keys.sort()) {
        if (entries.length >= limit) break;
        const entry = await bucket.get(key);
        if (entry?.operation === 'PUT') entries.push(toEntry(entry));
      }
      return entries;
    });
  }

  async *watch(
    prefix: string,
    { afterRevision = 0, signal }: { afterRevision?: number; signal: AbortSignal },
  ): AsyncGenerator<Change> {
    // An outage ends it too: who watches begins again where it was, and hears of another bucket before.
    const either = AbortSignal.any([signal, this.closing.signal, this.link.away]);
    const ended = (): boolean => either.aborted;
    if (ended()) return;
    const changes = await this.reach((bucket) =>
      bucket.watch({
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
        if (ended()) return;
        this.link.saw(revision);
        yield operation === 'PUT' ? { key, value, revision } : { key, revision };
      }
    } finally {
      either.removeEventListener('abort', stop);
      stop();
    }
  }

  onReset(listener: () => void): () => void {
    return this.link.onReset(({ records }) => {
      if (records) listener();
    });
  }

  close(): Promise<void> {
    this.closing.abort();
    return Promise.resolve();
  }

  private async reach<T>(work: (bucket: KV) => Promise<T>, isWrite = false): Promise<T> {
    try {
      return await this.link.use(({ bucket }) => work(bucket));
    } catch (error) {
      if (error instanceof AppError) throw error;
      if (isWrite) this.link.doubtWrites();
      else this.link.doubt();
      throw refused(error)
        ? dependencyDown('STORE_REFUSED', `NATS refuses to keep the job: ${(error as Error).message}`, {
            cause: error,
          })
        : dependencyDown('STORE_UNREACHABLE', 'the store cannot be reached; try again later', {
            cause: error,
          });
    }
  }

  private write<T>(work: (bucket: KV) => Promise<T>): Promise<T> {
    return this.reach(work, true);
  }

  private unlessRaced(work: (bucket: KV) => Promise<number>): Promise<number | undefined> {
    return this.write(async (bucket) => {
      try {
        const revision = await work(bucket);
        this.link.saw(revision);
        return revision;
      } catch (error) {
        if (lostRace(error)) return undefined;
        throw error;
      }
    });
  }
}
