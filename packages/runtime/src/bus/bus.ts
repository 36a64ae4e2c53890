import type { CloudEvent } from './cloud-event.js';

/** What becomes of a message after its handler. */
export type Verdict =
  /** Done with. */
  | { readonly ack: true }
  /** Deliver again, after a delay. */
  | { readonly nak: true; readonly delayMs: number }
  /** Never deliver again. */
  | { readonly term: true };

/** One delivery of an event. */
export interface Delivery {
  readonly event: CloudEvent;
  /** 1 for the first delivery. */
  readonly attempt: number;
  /** Aborts when the consumption stops: finish soon and nak. */
  readonly signal: AbortSignal;
}

/**
 * Handles a delivery; while it runs the bus keeps the message. It should not throw: a rejection counts as a nak after a second.
 */
export type Handler = (delivery: Delivery) => Promise<Verdict>;

/** A running consumer. */
export interface Consumption {
  /** Stops pulling, signals the running handlers, and waits for them. */
  stop(): Promise<void>;
}

/** A durable consumer: each event of the subject goes to one member of the group until it is acknowledged. */
export interface ConsumeOptions {
  /** Letters, digits, `-` and `_`. The group remembers its place when nobody consumes. */
  readonly group: string;
  /** An event type, with `*` for one token or `>` at the end for the rest. */
  readonly subject: string;
  /** Handlers at a time; no message is taken without a free one. */
  readonly concurrency: number;
}

/** At-least-once events. Throws DEPENDENCY_DOWN while unreachable. */
export interface Bus {
  publish(event: CloudEvent): Promise<void>;
  consume(options: ConsumeOptions, handler: Handler): Promise<Consumption>;
  /** Calls back when the bus has lost its events. Returns what ends it. */
  onReset(listener: () => void): () => void;
  /** Whether events can pass now. */
  healthy(): boolean;
  close(): Promise<void>;
}

/** Whether a subject matches a pattern with `*` and a closing `>`. */
export function subjectMatches(pattern: string, subject: string): boolean {
  const want = pattern.split('.');
  const have = subject.split('.');
  const open = want.at(-1) === '>';
  if (open ? have.length < want.length : have.length !== want.length) return false;
  return want.every(
    (token, i) => token === '*' || token === have[i] || (token === '>' && i === want.length - 1),
  );
}
