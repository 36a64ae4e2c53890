import { join } from 'node:path';
import { NatsServer } from '@eigenloom/testkit';
import { type Outcome, succeed } from './support/cli.js';
import { removeFolder, temporaryFolder } from './support/folder.js';
import { digestsOf, LIFE_CYCLE, writeLifeCycle } from './support/life-cycle.js';
import { type Server, startServer, startService } from './support/server.js';

const SERVICES = ['init', 'train', 'merge', 'analysis'] as const;

/** The same pipeline by three ways: the bytes of its artifacts must not depend on who does the work, or where. */
describe('one pipeline', () => {
  let folder: string;
  let embedded: Record<string, string>;
  const run = (...options: string[]): Promise<Outcome> =>
    succeed(['run', 'pipeline.json', '--json', ...options], folder);

  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeLifeCycle(folder);
    embedded = digestsOf((await run('--out', 'embedded')).stdout);
  });
  afterAll(() => removeFolder(folder));

  it('makes every artifact in this process', () => {
    expect(Object.keys(embedded).sort()).toEqual(
      [...LIFE_CYCLE.steps.map(({ id }) => id), 'start/residual'].sort(),
    );
    expect(new Set(Object.values(embedded)).size).toBe(7);
  });

  it('makes the same bytes on a server', async () => {
    const server = await startServer(folder, ['--data-dir', join(folder, 'server-mesh')]);
    try {
      const { stdout } = await run('--server', server.address, '--out', 'served');
      expect(digestsOf(stdout)).toEqual(embedded);
    } finally {
      await server.stop();
    }
  });

  it('makes the same bytes in four processes over NATS', async () => {
    const nats = await NatsServer.launch();
    const servers: Server[] = [];
    try {
      for (const name of SERVICES) servers.push(await startService(name, { natsUrl: nats.url, folder }));
      const { stdout } = await run('--server', servers[0]!.address, '--out', 'meshed');
      expect(digestsOf(stdout)).toEqual(embedded);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
      await nats.remove();
    }
  });
});
