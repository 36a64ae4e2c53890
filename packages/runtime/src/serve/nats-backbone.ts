import type { Logger } from 'pino';
import type { Bus } from '../bus/bus.js';
import { NatsBus } from '../bus/nats-bus.js';
import type { KeyValueStore } from '../kv/key-value-store.js';
import { NatsStore } from '../kv/nats-store.js';
import { NatsLink } from '../nats/nats-link.js';

/** Connects to NATS in the background. Until `ready`, and during an outage, all that is asked of it fails with DEPENDENCY_DOWN. */
export function openNats(
  url: string,
  log: Logger,
): {
  kv: KeyValueStore;
  bus: Bus;
  ready: (signal: AbortSignal) => Promise<void>;
  close: () => Promise<void>;
} {
  const link = new NatsLink(url, log);
  const bus = new NatsBus(link);
  const kv = new NatsStore(link);
  const close = async (): Promise<void> => {
    await bus.close();
    await kv.close();
    await link.close();
  };
  return { kv, bus, ready: (signal) => link.ready(signal), close };
}
