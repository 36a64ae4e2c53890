import { dependencyDown } from '@eigenloom/errors';
import {
  AckPolicy,
  type Consumer,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bus, Consumption, ConsumeOptions, Handler, Verdict } from './bus.js';
import type { CloudEvent } from './cloud-event.js';
import { fromHeaders, toHeaders } from './event-headers.js';

const STREAM = 'EIGENLOOM';
const DAY_MS = 86_400_000;
/** Copies of an event within this time are dropped. */
const DUPLICATES_MS = 600_000;
/** A message whose consumer says nothing for so long is delivered again. */
const ACK_WAIT_MS = 30_000;
const PULL_MS = 5_000;
const RETRY_MS = 500;
const REJECTED_DELAY_MS = 1_000;
const PUBLISH_MS = 5_000;

/** Makes the stream of all events, or brings its settings up to date. */
export async function ensureStream(manager: JetStreamManager): Promise<void> {
  const config = {
    subjects: ['eigenloom.>'],
    max_age: nanos(7 * DAY_MS),
    duplicate_window: nanos(DUPLICATES_MS),
  };
  const fixed = { name: STREAM, retention: RetentionPolicy.Limits, storage: StorageType.File };
  const exists = await manager.streams.info(STREAM).then(
    () => true,
    () => false,
  );
  if (exists) await manager.streams.update(STREAM, config);
  else await manager.streams.add({ ...fixed, ...config });
}

/** The bus on NATS JetStream: one stream, a durable pull consumer for each group. */
export class NatsBus implements Bus {
  private readonly closing = new AbortController();
  private connected = true;

  constructor(
    private readonly connection: NatsConnection,
    private readonly client: JetStreamClient,
    private readonly manager: JetStreamManager,
  ) {
    void this.follow();
  }

  async publish(event: CloudEvent): Promise<void> {
    try {
      await this.client.publish(event.type, new Uint8Array(), {
        msgID: event.id,
        headers: toHeaders(event),
        timeout: PUBLISH_MS,
      });
    } catch (error) {
      throw dependencyDown('BUS_UNREACHABLE', 'the bus cannot be reached', { cause: error });
    }
  }

  async consume(options: ConsumeOptions, handler: Handler): Promise<Consumption> {
    const { group, subject, concurrency } = options;
    await this.manager.consumers.add(STREAM, {
      durable_name: group,
      filter_subject: subject,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanos(ACK_WAIT_MS),
      max_deliver: -1,
    });
    const consumer = await this.client.consumers.get(STREAM, group);
    const stopping = new AbortController();
    const signal = AbortSignal.any([stopping.signal, this.closing.signal]);
    const loops = Array.from({ length: concurrency }, () => this.loop(consumer, signal, handler));
    return {
      stop: async () => {
        stopping.abort();
        await Promise.all(loops);
      },
    };
  }

  healthy(): boolean {
    return this.connected && !this.closing.signal.aborted;
  }

  close(): Promise<void> {
    this.closing.abort();
    return Promise.resolve();
  }

  private async loop(consumer: Consumer, signal: AbortSignal, handler: Handler): Promise<void> {
    while (!signal.aborted) {
      try {
        const message = await pull(consumer, signal);
        if (message !== null) await deliver(message, signal, handler);
      } catch {
        // The bus is away; the consumer is durable and its place is kept.
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  private async follow(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'disconnect') this.connected = false;
      if (type === 'reconnect') this.connected = true;
    }
    this.connected = false;
  }
}

/** The next message; one that comes after the signal is given back. */
async function pull(consumer: Consumer, signal: AbortSignal): Promise<JsMsg | null> {
  const next = consumer.next({ expires: PULL_MS });
  let leave: (() => void) | undefined;
  const aborted = new Promise<null>((resolve) => {
    leave = () => {
      resolve(null);
    };
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
  });
  try {
    const message = await Promise.race([next, aborted]);
    if (message === null && signal.aborted) {
      next.then(
        (late) => late?.nak(),
        () => undefined,
      );
    }
    return message;
  } finally {
    if (leave !== undefined) signal.removeEventListener('abort', leave);
  }
}

async function deliver(message: JsMsg, signal: AbortSignal, handler: Handler): Promise<void> {
  const event = fromHeaders(message.headers);
  if (event === undefined) {
    message.term('not a CloudEvent');
    return;
  }
  const working = setInterval(() => {
    message.working();
  }, ACK_WAIT_MS / 3);
  try {
    const attempt = message.info.deliveryCount;
    const verdict = await handler({ event, attempt, signal }).catch((): Verdict => ({
      nak: true,
      delayMs: REJECTED_DELAY_MS,
    }));
    if ('ack' in verdict) message.ack();
    else if ('term' in verdict) message.term();
    else message.nak(verdict.delayMs > 0 ? verdict.delayMs : undefined);
  } finally {
    clearInterval(working);
  }
}
