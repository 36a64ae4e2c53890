import { jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { dependencyDown } from '@eigenloom/errors';
import type { Bus } from '../bus/bus.js';
import { ensureStream, NatsBus } from '../bus/nats-bus.js';
import type { KeyValueStore } from '../kv/key-value-store.js';
import { NatsStore } from '../kv/nats-store.js';

const RECONNECT_EVERY_MS = 500;
const FIRST_CONNECT_MS = 10_000;

/** Connects to NATS and makes the stream and the bucket where they are missing. Reconnects for ever once connected. */
export async function connectNats(
  url: string,
): Promise<{ kv: KeyValueStore; bus: Bus; close: () => Promise<void> }> {
  try {
    const connection = await connect({
      servers: url,
      name: 'eigenloom',
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_EVERY_MS,
      timeout: FIRST_CONNECT_MS,
      waitOnFirstConnect: false,
    });
    const manager = await jetstreamManager(connection);
    await ensureStream(manager);
    const bucket = await new Kvm(connection).create('eigenloom', {
      history: 1,
      storage: StorageType.File,
      allow_direct: false,
    });
    const bus = new NatsBus(connection, jetstream(connection), manager);
    const kv = new NatsStore(bucket);
    const close = async (): Promise<void> => {
      await bus.close();
      await kv.close();
      await connection.drain().catch(() => connection.close());
    };
    return { kv, bus, close };
  } catch (error) {
    throw dependencyDown('BUS_UNREACHABLE', 'NATS cannot be reached', { cause: error });
  }
}
