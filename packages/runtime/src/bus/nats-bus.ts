import { dependencyDown } from '@eigenloom/errors';
import { AckPolicy, type Consumer, DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { STREAM } from '../nats/nats-layout.js';
import type { NatsLink } from '../nats/nats-link.js';
import type { Bus, Consumption, ConsumeOptions, Handler, Verdict } from './bus.js';
import type { CloudEvent } from './cloud-event.js';
import { fromHeaders, toHeaders } from './event-headers.js';

/** A message whose consumer says nothing for so long is delivered again. */
const ACK_WAIT_MS = 30_000;
const PULL_MS = 5_000;
const RETRY_MS = 500;
const REJECTED_DELAY_MS = 1_000;

/** The bus on NATS JetStream: one stream, a durable pull consumer for each group. */
export class NatsBus implements Bus {
  private readonly closing = new AbortController();

  constructor(private readonly link: NatsLink) {}

  async publish(event: CloudEvent): Promise<void> {
    try {
      await this.link.use(({ client }) =>
        client.publish(event.type, new Uint8Array(), { msgID: event.id, headers: toHeaders(event) }),
      );
    } catch (error) {
      this.link.doubtWrites();
      throw dependencyDown('BUS_UNREACHABLE', 'the bus cannot be reached', { cause: error });
    }
  }

  async consume(options: ConsumeOptions, handler: Handler): Promise<Consumption> {
    // Where this fails, so does the start of who consumes; later it is made again when it is gone.
    await this.ensureConsumer(options);
    const stopping = new AbortController();
    const signal = AbortSignal.any([stopping.signal, this.closing.signal]);
    const loops = Array.from({ length: options.concurrency }, () => this.loop(options, signal, handler));
    return {
      stop: async () => {
        stopping.abort();
        await Promise.all(loops);
      },
    };
  }

  healthy(): boolean {
    return this.link.healthy && !this.closing.signal.aborted;
  }

  onReset(listener: () => void): () => void {
    return this.link.onReset(({ events }) => {
      if (events) listener();
    });
  }

  close(): Promise<void> {
    this.closing.abort();
    return Promise.resolve();
  }

  private ensureConsumer({ group, subject }: ConsumeOptions): Promise<Consumer> {
    return this.link.use(async ({ manager, client }) => {
      await manager.consumers.add(STREAM, {
        durable_name: group,
        filter_subject: subject,
        ack_policy: AckPolicy.Explicit,
        deliver_policy: DeliverPolicy.All,
        ack_wait: nanos(ACK_WAIT_MS),
        max_deliver: -1,
      });
      return client.consumers.get(STREAM, group);
    });
  }

  private async loop(options: ConsumeOptions, signal: AbortSignal, handler: Handler): Promise<void> {
    let consumer: Consumer | undefined;
    while (!signal.aborted) {
      try {
        const current = consumer ?? (await this.ensureConsumer(options));
        consumer = current;
        const message = await pull(current, AbortSignal.any([signal, this.link.away]));
        if (message !== null) await deliver(message, signal, handler);
        // Nothing came: that is also what a consumer looks like that somebody has removed.
        else await this.link.use(() => current.info());
      } catch {
        // The bus is away, or the consumer gone: where it is durable its place is kept, else it begins anew.
        consumer = undefined;
        this.link.doubt();
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
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
