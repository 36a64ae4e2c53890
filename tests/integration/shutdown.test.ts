import { freePort, joinRequest, NatsServer, type ServiceProcess } from '@eigenloom/testkit';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';

import { Mesh } from './support/mesh.js';
import { DOWNLOAD, type End, HEALTH, stoppedClient, WATCH } from './support/stopped-client.js';
import { until } from './support/until.js';

jest.setTimeout(120_000);

/** More than the sockets between two processes take. */
const LARGE_BYTES = 64 * 2 ** 20;

/** A service whose grace period (50 s) is over ends with 1, so an end with 0 is one that came of itself. */
describe('a service that is told to stop ends with 0', () => {
  let nats: NatsServer;
  let mesh: Mesh;
  let service: ServiceProcess;
  const ends: End[] = [];
  beforeEach(async () => {
    nats = await NatsServer.launch();
    mesh = await Mesh.on(nats);
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    await mesh.remove();
    await nats.remove();
  });

  it('beside a client that is stopped in a watch', async () => {
    service = await mesh.launch();
    const name = await mesh.endless(mesh.client(service));
    ends.push(await stoppedClient(WATCH, [service.address, name]));
    expect(await service.end('SIGTERM')).toBe(0);
    expect(service.output()).toContain('"msg":"stopped"');
  });

  it('beside a client that is stopped in the middle of a download', async () => {
    service = await mesh.launch();
    await writeFile(join(mesh.folder, 'a.txt'), Buffer.alloc(LARGE_BYTES));
    const { name } = await mesh.finished(mesh.client(service));
    ends.push(await stoppedClient(DOWNLOAD, [service.address, name]));
    expect(await service.end('SIGTERM')).toBe(0);
  });

  it('beside a client that is stopped while it watches the health', async () => {
    service = await mesh.launch();
    ends.push(await stoppedClient(HEALTH, [service.address]));
    expect(await service.end('SIGINT')).toBe(0);
  });

  it('beside a connection that never says anything', async () => {
    service = await mesh.launch();
    const socket = connect(service.port, '127.0.0.1');
    await once(socket, 'connect');
    expect(await service.end('SIGTERM')).toBe(0);
    socket.destroy();
  });

  it('beside a scraper that holds its connection to the metrics', async () => {
    const port = await freePort();
    service = await mesh.launch({ EIGENLOOM_METRICS_PORT: String(port) });
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /metrics HTTP/1.1\r\n');
    expect(await service.end('SIGTERM')).toBe(0);
    socket.destroy();
  });

  it.each(['that takes all and answers nothing', 'that is not there'])(
    'beside a collector %s',
    async (how) => {
      const collector = createServer((socket) => socket.on('error', () => undefined).resume());
      await once(collector.listen(0, '127.0.0.1'), 'listening');
      const { port } = collector.address() as AddressInfo;
      if (how.endsWith('there')) collector.close();
      service = await mesh.launch({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
      await mesh.finished(mesh.client(service));
      expect(await service.end('SIGTERM')).toBe(0);
      collector.close();
    },
  );
});

describe('a job that does not react to the end of its service', () => {
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

  const stubborn = async (
    more: Readonly<Record<string, string>>,
  ): Promise<{ service: ServiceProcess; name: string }> => {
    const service = await mesh.launch(more, 'stubborn');
    const client = mesh.client(service);
    const { name } = await client.submit('merge', joinRequest([mesh.input]));
    await until(async () => (await client.get(name)).metadata.progress !== undefined);
    return { service, name };
  };

  /** A line of the log that names a job alone and begins its message so. */
  const named = (name: string, message: string): RegExp =>
    new RegExp(`"jobs":\\["${name}"\\].*"msg":"${message}`);

  it('ends with the grace period: 1, and the log names the job', async () => {
    const { service, name } = await stubborn({ EIGENLOOM_GRACE_SECONDS: '1' });
    expect(await service.end('SIGTERM')).toBe(1);
    expect(service.output()).toMatch(named(name, 'did not stop within the grace period'));
  });

  it('ends with the second signal: 1, and the log names the job', async () => {
    const { service, name } = await stubborn({});
    service.signal('SIGTERM');
    await until(() => service.output().includes('"msg":"stopping"'));
    expect(await service.end('SIGTERM')).toBe(1);
    expect(service.output()).toMatch(named(name, 'told twice to stop'));
  });
});
