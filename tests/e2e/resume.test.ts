import { once } from 'node:events';
import { join } from 'node:path';
import { createClient, type JobsClient, requestFromObject, type RequestOf } from '@eigenloom/runtime';
import { expireLease, NatsServer } from '@eigenloom/testkit';
import { removeFolder, temporaryFolder } from './support/folder.js';
import { type Server, startService } from './support/server.js';
import { writeTinyAdapter } from './support/tiny-adapter.js';
import { writeTinyBert, writeTopics } from './support/tiny-bert.js';

const STEPS = 200;
/** A few checkpoints are behind it, and most of the run is ahead. */
const DIE_AT_STEP = 60;
/** Dies by kill -9 before that checkpoint is there. */
const MORTAL = {
  NODE_OPTIONS: `--require ${join(__dirname, '../dist/e2e/support/die-at-checkpoint.js')}`,
  EIGENLOOM_TEST_DIE_AT_STEP: String(DIE_AT_STEP),
};

describe('a training service that is killed', () => {
  let folder: string;
  let nats: NatsServer;
  const servers: Server[] = [];
  const clients: JobsClient[] = [];

  const start = async (
    more: Readonly<Record<string, string>> = {},
  ): Promise<{ server: Server; client: JobsClient }> => {
    // No machine is slow enough to lose its lease: the test ends it.
    const environment = { EIGENLOOM_LEASE_SECONDS: '3600', ...more };
    const server = await startService('train', { natsUrl: nats.url, folder, environment });
    const client = createClient({ address: server.address });
    servers.push(server);
    clients.push(client);
    return { server, client };
  };
  const request = (requestId: string): RequestOf['train'] =>
    requestFromObject('train', {
      request_id: requestId,
      model: { uri: `file:${join(folder, 'model')}` },
      train_data: { uri: `file:${join(folder, 'train.jsonl')}` },
      validation_data: { uri: `file:${join(folder, 'validation.jsonl')}` },
      adapter: { uri: `file:${join(folder, 'adapter')}`, dropout: 0.1 },
      sequence_classification: { labels: ['kitchen', 'weather'] },
      optimizer: { learning_rate: 0.005 },
      schedule: { kind: 'SCHEDULE_KIND_COSINE', warmup_steps: 10 },
      batching: { batch_size: 8, max_length: 16 },
      max_steps: STEPS,
      eval_steps: 50,
      checkpoint_steps: 20,
      keep_best: true,
      seed: '5',
    });

  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeTinyBert(join(folder, 'model'));
    await writeTopics(join(folder, 'train.jsonl'), 64, 1);
    await writeTopics(join(folder, 'validation.jsonl'), 24, 2);
    await writeTinyAdapter(join(folder, 'adapter'));
    nats = await NatsServer.launch();
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all(servers.map((server) => server.stop()));
    await nats.remove();
    await removeFolder(folder);
  });

  it('loses nothing: another instance ends with the same adapter as an undisturbed run', async () => {
    const first = await start(MORTAL);
    const death = once(first.server.child, 'exit');
    const { name } = await first.client.submit('train', request('killed'));
    expect(await death).toEqual([null, 'SIGKILL']);
    // Only now: an instance that starts first could take the job itself.
    const second = await start();
    expect((await second.client.get(name)).done).toBe(false);
    await expireLease(nats.url, name);
    const killed = await second.client.wait(name);
    expect(killed.error).toBeUndefined();
    expect(killed.metadata.attempt).toBe(2);

    const undisturbed = await second.client.wait(
      (await second.client.submit('train', request('undisturbed'))).name,
    );
    expect(undisturbed.metadata.attempt).toBe(1);
    const { digest, files } = undisturbed.artifacts[''] ?? {};
    expect(files?.map(({ path }) => path)).toContain('adapter_model.safetensors');
    expect(killed.artifacts['']?.digest).toBe(digest);
    expect(killed.artifacts['']?.files).toEqual(files);
  });
});
