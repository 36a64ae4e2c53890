import {
  type Backbone,
  type Change,
  type CloudEvent,
  connectBackbone,
  jobEvent,
  type Verdict,
} from '@eigenloom/runtime';
import { NatsServer, until } from '@eigenloom/testkit';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ACK: Verdict = { ack: true };
const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString();
const bytes = (value: string): Uint8Array => Buffer.from(value);

describe.each(['embedded', 'nats'] as const)('%s backbone', (where) => {
  let server: NatsServer | undefined;
  let folder: string;
  let backbone: Backbone;
  let test = 0;
  /** A group and job id of its own for each test, because the stream outlives them. */
  let unique: string;

  const open = (): Promise<Backbone> =>
    connectBackbone({ dataFolder: folder, roots: [], cacheBytes: 0, natsUrl: server?.url });

  beforeAll(async () => {
    if (where === 'nats') server = await NatsServer.launch();
    folder = await mkdtemp(join(tmpdir(), 'eigenloom-bus-'));
    backbone = await open();
  });
  afterAll(async () => {
    await backbone.close();
    await server?.remove();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    unique = `t${String(test++)}`;
  });

  /** Whether the group of events has acknowledged all that it was given; an embedded bus has nothing to acknowledge. */
  const nothingIsOutstanding = async (group: string): Promise<boolean> => {
    if (server === undefined) return true;
    const connection = await connect({ servers: server.url });
    const { consumers } = await jetstreamManager(connection);
    const { num_pending, num_ack_pending } = await consumers.info('EIGENLOOM', group);
    await connection.close();
    return num_pending === 0 && num_ack_pending === 0;
  };

  /** Collects the subjects of this test's events. */
  const collector = (verdict: (event: CloudEvent, attempt: number) => Verdict = () => ACK) => {
    const seen: string[] = [];
    const handler = ({ event, attempt }: { event: CloudEvent; attempt: number }): Promise<Verdict> => {
      if (!event.subject.startsWith(unique)) return Promise.resolve(ACK);
      seen.push(event.subject);
      return Promise.resolve(verdict(event, attempt));
    };
    return { seen, handler };
  };

  describe('key-value store', () => {
    it('creates once and updates only from the current revision', async () => {
      const { kv } = backbone;
      const key = `${unique}.a`;
      const first = await kv.create(key, bytes('1'));
      expect(first).toBeGreaterThan(0);
      expect(await kv.create(key, bytes('x'))).toBeUndefined();
      const second = await kv.update(key, bytes('2'), first!);
      expect(second).toBeGreaterThan(first!);
      expect(await kv.update(key, bytes('x'), first!)).toBeUndefined();
      expect(await kv.get(key)).toMatchObject({ key, revision: second });
      expect(text((await kv.get(key))?.value)).toBe('2');
    });

    it('lets one of many concurrent updates win', async () => {
      const { kv } = backbone;
      const key = `${unique}.a`;
      const revision = await kv.create(key, bytes('0'));
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, i) => kv.update(key, bytes(String(i)), revision!)),
      );
      expect(results.filter((result) => result !== undefined)).toHaveLength(1);
      const created = await Promise.all(
        Array.from({ length: 20 }, () => kv.create(`${unique}.b`, bytes('b'))),
      );
      expect(created.filter((result) => result !== undefined)).toHaveLength(1);
    });

    it('lists by prefix in order, in pages', async () => {
      const { kv } = backbone;
      for (const name of ['c', 'a', 'b']) await kv.create(`${unique}.${name}`, bytes(name));
      await kv.create(`${unique}x.d`, bytes('d'));
      const keys = async (page: object): Promise<string[]> =>
        (await kv.list(`${unique}.`, page)).map(({ key }) => key.slice(-1));
      expect(await keys({})).toEqual(['a', 'b', 'c']);
      expect(await keys({ after: `${unique}.a`, limit: 1 })).toEqual(['b']);
    });

    it('watches what is there, then changes and deletions; resumes after a revision', async () => {
      const { kv } = backbone;
      const first = await kv.create(`${unique}.a`, bytes('1'));
      const stop = new AbortController();
      const seen: Change[] = [];
      const watching = (async () => {
        for await (const change of kv.watch(`${unique}.`, { signal: stop.signal })) seen.push(change);
      })();
      await until('the first value is seen', () => seen.length === 1);
      const second = await kv.update(`${unique}.a`, bytes('2'), first!);
      await until('the second value is seen', () => seen.length === 2);
      await kv.delete(`${unique}.a`);
      await until('the deletion is seen', () => seen.length === 3);
      expect(seen.map(({ value }) => value && text(value))).toEqual(['1', '2', undefined]);
      stop.abort();
      await watching;
      const again = await kv.create(`${unique}.a`, bytes('3'));
      expect(again).toBeGreaterThan(second!);
      for await (const change of kv.watch(`${unique}.`, {
        afterRevision: second!,
        signal: new AbortController().signal,
      })) {
        if (change.value === undefined) continue;
        expect(text(change.value)).toBe('3');
        break;
      }
    });

    it('refuses keys that are paths or patterns', () => {
      for (const key of ['../a', 'a/b', 'a.*', 'a.>', '', 'a..b', '.a']) {
        expect(() => backbone.kv.get(key)).toThrow(TypeError);
      }
    });

    it('keeps values and never turns revisions back over a restart', async () => {
      const key = `${unique}.a`;
      const first = await backbone.kv.create(key, bytes('kept'));
      await backbone.kv.delete(key);
      const second = await backbone.kv.create(key, bytes('again'));
      await backbone.kv.create(`${unique}.b`, bytes('b'));
      await backbone.kv.delete(`${unique}.b`);
      await backbone.close();
      backbone = await open();
      expect(text((await backbone.kv.get(key))?.value)).toBe('again');
      expect(await backbone.kv.get(`${unique}.b`)).toBeUndefined();
      expect(second).toBeGreaterThan(first!);
      expect(await backbone.kv.create(`${unique}.c`, bytes('c'))).toBeGreaterThan(second! + 1);
    });
  });

  describe('bus', () => {
    const subject = 'eigenloom.merge.v1.submitted';

    it('gives each event to one member of a group, and to every group', async () => {
      const { bus } = backbone;
      const a = collector();
      const b = collector();
      const other = collector();
      const consumptions = await Promise.all([
        bus.consume({ group: `${unique}-one`, subject, concurrency: 2 }, a.handler),
        bus.consume({ group: `${unique}-one`, subject, concurrency: 2 }, b.handler),
        bus.consume({ group: `${unique}-two`, subject: 'eigenloom.>', concurrency: 1 }, other.handler),
      ]);
      for (let i = 0; i < 20; i++)
        await bus.publish(jobEvent('merge', 'submitted', `${unique}-${String(i)}`));
      await bus.publish(jobEvent('merge', 'completed', `${unique}-end`));
      await until(
        'every event is handled',
        () => a.seen.length + b.seen.length === 20 && other.seen.length === 21,
      );
      expect(new Set([...a.seen, ...b.seen]).size).toBe(20);
      await Promise.all(consumptions.map((consumption) => consumption.stop()));
    });

    it('delivers again after a nak or a rejection, not after ack or term', async () => {
      const { bus } = backbone;
      const attempts: [string, number][] = [];
      const consumption = await bus.consume(
        { group: unique, subject, concurrency: 1 },
        ({ event, attempt }) => {
          if (!event.subject.startsWith(unique)) return Promise.resolve(ACK);
          attempts.push([event.subject.slice(unique.length), attempt]);
          if (attempt > 1) return Promise.resolve(ACK);
          if (event.subject.endsWith('nak')) return Promise.resolve({ nak: true, delayMs: 50 });
          if (event.subject.endsWith('term')) return Promise.resolve({ term: true });
          return event.subject.endsWith('reject') ? Promise.reject(new Error('no')) : Promise.resolve(ACK);
        },
      );
      for (const name of ['ack', 'nak', 'term', 'reject']) {
        await bus.publish(jobEvent('merge', 'submitted', unique + name));
      }
      await until('two are delivered again', () => attempts.length === 6);
      // Whatever was to come again without a delay would come before this.
      await bus.publish(jobEvent('merge', 'submitted', `${unique}end`));
      await until('a later event is delivered', () => attempts.some(([name]) => name === 'end'));
      await until('nothing is left to be delivered again', () => nothingIsOutstanding(unique));
      expect(attempts.sort()).toEqual([
        ['ack', 1],
        ['end', 1],
        ['nak', 1],
        ['nak', 2],
        ['reject', 1],
        ['reject', 2],
        ['term', 1],
      ]);
      await consumption.stop();
    });

    it('keeps events for a group that nobody serves, and drops a second event of one id', async () => {
      const { bus } = backbone;
      const first = collector();
      await (await bus.consume({ group: unique, subject, concurrency: 1 }, first.handler)).stop();
      const event = jobEvent('merge', 'submitted', `${unique}-late`, {
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      });
      const next = jobEvent('merge', 'submitted', `${unique}-next`);
      for (const each of [event, event, next]) await bus.publish(each);
      const seen: CloudEvent[] = [];
      const later = await bus.consume({ group: unique, subject, concurrency: 1 }, ({ event: got }) => {
        if (got.subject.startsWith(unique)) seen.push(got);
        return Promise.resolve(ACK);
      });
      await until('the next event is delivered', () => seen.at(-1)?.id === next.id);
      expect(seen).toEqual([event, next]);
      await later.stop();
    });

    it('signals running handlers when it stops, and gives back what they nak', async () => {
      const { bus } = backbone;
      let started = false;
      const consumption = await bus.consume(
        { group: unique, subject, concurrency: 1 },
        ({ event, signal }) => {
          if (!event.subject.startsWith(unique)) return Promise.resolve(ACK);
          started = true;
          return new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              resolve({ nak: true, delayMs: 0 });
            });
          });
        },
      );
      await bus.publish(jobEvent('merge', 'submitted', unique));
      await until('the handler runs', () => started);
      await consumption.stop();
      const next = collector();
      const later = await bus.consume({ group: unique, subject, concurrency: 1 }, next.handler);
      await until('the event is delivered again', () => next.seen.length === 1);
      await later.stop();
    });
  });
});
