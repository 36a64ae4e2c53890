import { setTimeout as delay } from 'node:timers/promises';
import { type Bus, type Consumption, type ConsumeOptions, type Handler, subjectMatches } from './bus.js';
import type { CloudEvent } from './cloud-event.js';

interface Message {
  readonly event: CloudEvent;
  attempt: number;
}

/** Ids of events that are remembered to drop a second copy. */
const REMEMBERED_IDS = 10_000;
const REJECTED_DELAY_MS = 1_000;

class Group {
  private readonly queue: Message[] = [];
  private readonly waiting: ((message: Message) => void)[] = [];
  constructor(readonly subject: string) {}

  put(message: Message): void {
    const taker = this.waiting.shift();
    if (taker === undefined) this.queue.push(message);
    else taker(message);
  }

  take(signal: AbortSignal): Promise<Message | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const message = this.queue.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => {
      const give = (given: Message): void => {
        signal.removeEventListener('abort', leave);
        resolve(given);
      };
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(give), 1);
        resolve(undefined);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.waiting.push(give);
    });
  }
}

/**
 * The bus inside one process. Messages do not outlive it; job records do, and the sweep at start publishes again what they need.
 */
export class EmbeddedBus implements Bus {
  private readonly groups = new Map<string, Group>();
  private readonly seen = new Set<string>();
  private readonly closing = new AbortController();

  publish(event: CloudEvent): Promise<void> {
    if (this.seen.has(event.id)) return Promise.resolve();
    this.seen.add(event.id);
    if (this.seen.size > REMEMBERED_IDS) {
      for (const oldest of this.seen) {
        this.seen.delete(oldest);
        break;
      }
    }
    for (const group of this.groups.values()) {
      if (subjectMatches(group.subject, event.type)) group.put({ event, attempt: 0 });
    }
    return Promise.resolve();
  }

  consume({ group: name, subject, concurrency }: ConsumeOptions, handler: Handler): Promise<Consumption> {
    const group = this.groups.get(name) ?? new Group(subject);
    this.groups.set(name, group);
    const stopping = new AbortController();
    const signal = AbortSignal.any([stopping.signal, this.closing.signal]);
    const loops = Array.from({ length: concurrency }, () => this.loop(group, signal, handler));
    return Promise.resolve({
      stop: async () => {
        stopping.abort();
        await Promise.all(loops);
      },
    });
  }

  /** Its events go with the process. */
  onReset(): () => void {
    return () => undefined;
  }

  healthy(): boolean {
    return !this.closing.signal.aborted;
  }

  close(): Promise<void> {
    this.closing.abort();
    return Promise.resolve();
  }

  private async loop(group: Group, signal: AbortSignal, handler: Handler): Promise<void> {
    for (;;) {
      const message = await group.take(signal);
      if (message === undefined) return;
      message.attempt++;
      const verdict = await handler({ event: message.event, attempt: message.attempt, signal }).catch(() => ({
        nak: true as const,
        delayMs: REJECTED_DELAY_MS,
      }));
      if ('nak' in verdict) this.putLater(group, message, verdict.delayMs);
    }
  }

  private putLater(group: Group, message: Message, delayMs: number): void {
    if (delayMs <= 0) {
      group.put(message);
      return;
    }
    delay(delayMs, undefined, { signal: this.closing.signal, ref: false })
      .then(() => {
        group.put(message);
      })
      .catch(() => undefined);
  }
}
