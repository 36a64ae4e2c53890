import type { JobsClient, JobView } from '@eigenloom/runtime';
import { joinRequest, NatsServer, ServiceProcess, until } from '@eigenloom/testkit';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { becomes, healthOf } from './support/health.js';
import { Mesh } from './support/mesh.js';

/** A caller hears of an outage within 5 s on a machine that does nothing else; a busy one gets this long. */
const SOON_MS = 25_000;

/** How a call ends: the kind of its error, or that it has not. */
const outcome = (call: Promise<unknown>): Promise<string> =>
  Promise.race([
    call.then(
      () => 'succeeded',
      (error: unknown) => String((error as { kind?: string }).kind ?? error),
    ),
    new Promise<string>((resolve) => setTimeout(resolve, SOON_MS, 'nothing').unref()),
  ]);

const read = async (parts: AsyncIterable<unknown>): Promise<void> => {
  const seen: unknown[] = [];
  for await (const part of parts) seen.push(part);
};

/** Each call that a client can make, about a job that is done. */
const callsOf = (client: JobsClient, { name }: JobView, mesh: Mesh): Record<string, Promise<unknown>> => ({
  submit: client.submit('merge', joinRequest([mesh.input])),
  get: client.get(name),
  list: read(client.list()),
  cancel: client.cancel(name),
  watch: read(client.watch(name)),
  wait: client.wait(name),
  delete: client.delete(name),
  readFile: read(client.readFile(name, 'all.txt')),
});

describe('NATS that is not there', () => {
  let nats: NatsServer;
  let mesh: Mesh;
  beforeEach(async () => {
    nats = await NatsServer.prepare();
    mesh = await Mesh.on(nats);
  });
  afterEach(async () => {
    await mesh.remove();
    await nats.remove();
  });

  it('is waited for: alive, not ready, saying so; then the service comes ready', async () => {
    const service = await mesh.begin();
    expect(await healthOf(service.address, '')).toBe('SERVING');
    expect(await healthOf(service.address, 'readiness')).toBe('NOT_SERVING');
    const client = mesh.client(service);
    expect(await outcome(client.submit('merge', joinRequest([mesh.input])))).toBe('DEPENDENCY_DOWN');
    await until('the log says what it waits for', () =>
      /waiting for NATS at nats:\/\/127\.0\.0\.1:\d+: /.test(service.output()),
    );
    await nats.start();
    await service.ready;
    await becomes(service.address, 'SERVING');
    expect((await mesh.finished(client)).error).toBeUndefined();
    expect(await service.end('SIGTERM')).toBe(0);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('does not keep a service from ending on %s', async (signal) => {
    const service = await mesh.begin();
    expect(await service.end(signal)).toBe(0);
    expect(service.output()).toContain('stopped before it was ready');
  });

  it('without JetStream it is waited for, and the log says what is missing', async () => {
    const service = await mesh.begin();
    await nats.start({ jetStream: false });
    await until('the log says that JetStream is missing', () =>
      service.output().includes('runs without JetStream'),
    );
    await nats.kill();
    await nats.start();
    await service.ready;
  });
});

describe('credentials of NATS', () => {
  let nats: NatsServer;
  let mesh: Mesh;
  beforeAll(async () => {
    nats = await NatsServer.launch({ more: ['--user', 'loom', '--pass', 'p@ss'] });
    mesh = await Mesh.on(nats);
  });
  afterAll(async () => {
    await mesh.remove();
    await nats.remove();
  });
  const withUser = (user: string): { NATS_URL: string } => ({
    NATS_URL: nats.url.replace('//', `//${user}@`),
  });

  it('are taken from the URL', async () => {
    const service = await mesh.launch(withUser('loom:p%40ss'));
    expect((await mesh.finished(mesh.client(service))).error).toBeUndefined();
  });

  it.each(['loom:wrong', 'token', ''])(
    'that are refused (%p) end the service with a message',
    async (user) => {
      const started = ServiceProcess.launch(['merge'], user === '' ? { NATS_URL: nats.url } : withUser(user));
      await expect(started).rejects.toThrow(/NATS at nats:\/\/127.* refuses the credentials of NATS_URL/);
      await expect(started).rejects.not.toThrow(/wrong/);
    },
  );
});

describe('NATS that goes away and comes back', () => {
  let nats: NatsServer;
  let mesh: Mesh;
  beforeEach(async () => {
    nats = await NatsServer.launch();
    mesh = await Mesh.on(nats);
  });
  afterEach(async () => {
    await mesh.remove();
    await nats.remove();
  });

  it.each([
    ['killed', () => nats.kill(), () => nats.start()],
    [
      'stopped',
      () => nats.stop(),
      () => {
        nats.resume();
      },
    ],
  ] as const)('%s: every call fails soon, the running job goes on', async (_, breakIt, mendIt) => {
    const service = await mesh.launch();
    const client = mesh.client(service);
    const done = await mesh.finished(client);
    const running = await mesh.endless(client);
    await breakIt();
    const calls = Object.entries(callsOf(client, done, mesh));
    const ends = await Promise.all(calls.map(async ([name, call]) => [name, await outcome(call)] as const));
    expect(ends).toEqual(calls.map(([name]) => [name, 'DEPENDENCY_DOWN']));
    await becomes(service.address, 'NOT_SERVING');
    expect(await healthOf(service.address, '')).toBe('SERVING');
    await mendIt();
    await becomes(service.address, 'SERVING');
    expect((await client.get(running)).metadata.attempt).toBe(1);
    await client.cancel(running);
    expect((await client.wait(running)).metadata.state).toBe('JOB_STATE_CANCELLED');
    expect(await service.end()).toBe(0);
  });

  it('stopped, a service ends on SIGTERM all the same', async () => {
    const service = await mesh.launch();
    await mesh.endless(mesh.client(service), { requestId: 'left' });
    await nats.stop();
    expect(await service.end('SIGTERM')).toBe(0);
  });
});

describe('NATS that has lost what it kept', () => {
  let nats: NatsServer;
  let mesh: Mesh;
  let service: ServiceProcess;
  let client: JobsClient;
  beforeEach(async () => {
    nats = await NatsServer.launch();
    mesh = await Mesh.on(nats);
    service = await mesh.launch();
    client = mesh.client(service);
  });
  afterEach(async () => {
    await mesh.remove();
    await nats.remove();
  });

  const LOSSES = {
    'all of it, as another server on its port': () => nats.replace(),
    'its streams while it runs': () =>
      nats.manage(async ({ streams }) => {
        await streams.delete('EIGENLOOM');
        await streams.delete('KV_eigenloom');
      }),
    'the records of jobs': () => nats.manage(({ streams }) => streams.delete('KV_eigenloom')),
    'the events': () => nats.manage(({ streams }) => streams.delete('EIGENLOOM')),
    'the consumers': () =>
      nats.manage(async ({ consumers }) => {
        for await (const { name } of consumers.list('EIGENLOOM')) await consumers.delete('EIGENLOOM', name);
      }),
  };

  it.each(Object.entries(LOSSES))('%s: goes on with new jobs, without a restart', async (_, lose) => {
    await mesh.finished(client);
    await lose();
    await until('a job succeeds', async () => (await outcome(mesh.finished(client))) === 'succeeded');
    await becomes(service.address, 'SERVING');
    expect(await service.end()).toBe(0);
  });

  it.each(Object.entries(LOSSES).slice(0, 3))(
    '%s: a running job is told to be lost, and leaves no artifact',
    async (_, lose) => {
      const target = join(mesh.folder, 'out');
      const name = await mesh.endless(client, { outputUri: `file:${target}` });
      await lose();
      await until('the log says that the record is gone', () =>
        service.output().includes('the record of the job is gone'),
      );
      await until('the log says that the records are lost', () =>
        service.output().includes('NATS has lost the records of jobs'),
      );
      await until('the job is unknown', async () => (await outcome(client.get(name))) === 'NOT_FOUND');
      // The worker is free for another.
      expect((await mesh.finished(client)).error).toBeUndefined();
      expect(existsSync(target)).toBe(false);
    },
  );

  it('the events only: a running job goes on, and one in the queue is announced again', async () => {
    const running = await mesh.endless(client);
    const queued = await client.submit('merge', joinRequest([mesh.input]));
    await LOSSES['the events']();
    await until('the log says that the events are lost', () =>
      service.output().includes('NATS has lost the events'),
    );
    await client.cancel(running);
    expect((await client.wait(running)).metadata).toMatchObject({ attempt: 1, state: 'JOB_STATE_CANCELLED' });
    expect((await client.wait(queued.name)).error).toBeUndefined();
  });
});

const ON_SMALL_DISK = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"';
const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs none /mnt']).status === 0;

(canMount ? test : test.skip)(
  'NATS whose disk is full: not ready, saying so, until it keeps what is written',
  async () => {
    const nats = await NatsServer.launch({
      under: (folder) => ['unshare', '-rm', 'sh', '-c', ON_SMALL_DISK, folder],
    });
    const mesh = await Mesh.on(nats);
    try {
      const service = await mesh.launch();
      const client = mesh.client(service);
      await mesh.finished(client);
      const fill = (): void => {
        writeFileSync(join(nats.storeInside, 'fill'), Buffer.alloc(2 ** 21));
      };
      expect(fill).toThrow(/ENOSPC/);
      // The blocks that are open still take some.
      await until('the full disk is noticed', async () => {
        return (await outcome(client.submit('merge', joinRequest([mesh.input])))) === 'DEPENDENCY_DOWN';
      });
      await becomes(service.address, 'NOT_SERVING');
      await until('the log asks for the disk', () => service.output().includes('is its disk full?'));
      // NATS has to be started anew; its disk is empty then.
      await nats.kill();
      await nats.start();
      await becomes(service.address, 'SERVING');
      await until('a job succeeds', async () => (await outcome(mesh.finished(client))) === 'succeeded');
    } finally {
      await mesh.remove();
      await nats.remove();
    }
  },
);
