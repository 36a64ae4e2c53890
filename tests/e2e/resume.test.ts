import { once } from 'node:events';
import { join } from 'node:path';
import { createClient, type JobsClient, requestFromObject, type RequestOf } from '@eigenloom/runtime';
import { NatsServer } from '@eigenloom/testkit';
import { removeFolder, temporaryFolder } from './support/folder.js';
import { type Server, startService } from './support/server.js';
import { writeTinyAdapter } from './support/tiny-adapter.js';
import { writeTinyBert, writeTopics } from './support/tiny-bert.js';

const LIMIT_MS = 240_000;
const STEPS = 400;
const LEASE_SECONDS = '3';
/** A few checkpoints are behind it, and most of the run is ahead. */
const KILL_AT_STEP = 50;

describe('a training service that is killed', () => {
  let folder: string;
  let nats: NatsServer;
  const servers: Server[] = [];
  const clients: JobsClient[] = [];

  const start = async (): Promise<{ server: Server; client: JobsClient }> => {
    const environment = { EIGENLOOM_LEASE_SECONDS: LEASE_SECONDS };
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
      lora: { adapter_uri: `file:${join(folder, 'adapter')}`, dropout: 0.1 },
      sequence_classification: { labels: ['kitchen', 'weather'] },
      optimizer: { learning_rate: 0.005 },
      schedule: { kind: 'SCHEDULE_KIND_COSINE', warmup_steps: 10 },
      batch_size: 8,
      max_length: 16,
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
  }, LIMIT_MS);
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all(servers.map((server) => server.stop()));
    await nats.remove();
    await removeFolder(folder);
  }, LIMIT_MS);

  it(
    'loses nothing: another instance ends with the same adapter as an undisturbed run',
    async () => {
      const first = await start();
      const { name } = await first.client.submit('train', request('killed'));
      for await (const { metadata } of first.client.watch(name)) {
        if ((metadata.progress?.percent ?? 0) >= (100 * KILL_AT_STEP) / STEPS) break;
      }
      const death = once(first.server.child, 'exit');
      first.server.child.kill('SIGKILL');
      await death;
      // Only now: an instance that starts first could take the job itself.
      const second = await start();
      expect((await second.client.get(name)).done).toBe(false);
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
    },
    LIMIT_MS,
  );
});
