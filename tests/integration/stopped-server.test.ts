import { createClient } from '@eigenloom/runtime';
import { NatsServer } from '@eigenloom/testkit';

import { Mesh } from './support/mesh.js';

/** A thirtieth of the times in use. */
const TIMES = { callMs: 1_000, silenceMs: 1_500, keepaliveMs: 700, keepaliveTimeoutMs: 300 };

test('calls of a client to a server that is stopped end', async () => {
  const nats = await NatsServer.launch();
  const mesh = await Mesh.on(nats);
  const service = await mesh.launch();
  const { name } = await mesh.finished(mesh.client(service));
  const client = createClient({ address: service.address, times: TIMES });
  const ended = (parts: AsyncIterable<unknown>): Promise<unknown> => parts[Symbol.asyncIterator]().next();
  try {
    // Connected before the server stops, as after it.
    await client.get(name);
    await service.stop();
    await expect(client.get(name)).rejects.toMatchObject({
      kind: 'DEADLINE_EXCEEDED',
      message: `the server at ${service.address} does not answer`,
    });
    for (const stream of [client.watch(name), client.readFile(name, 'all.txt')]) {
      await expect(ended(stream)).rejects.toMatchObject({
        kind: 'DEPENDENCY_DOWN',
        reason: 'GRPC_UNAVAILABLE',
      });
    }
    service.signal('SIGCONT');
    expect((await client.wait(name)).name).toBe(name);
  } finally {
    await client.close();
    await mesh.remove();
    await nats.remove();
  }
});
