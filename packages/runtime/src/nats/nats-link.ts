import type { AppError } from '@eigenloom/errors';
import { dependencyDown, incompatible, toAppError } from '@eigenloom/errors';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { natsAddress, shownNatsUrl } from './nats-address.js';
import { inTime } from './in-time.js';
import {
  ensureLayout,
  type LayoutIdentity,
  type Made,
  type NatsLayout,
  openLayout,
  probeWrites,
  updateStream,
} from './nats-layout.js';
import { unlessAborted } from './unless-aborted.js';

const RECONNECT_EVERY_MS = 500;
const DIAL_MS = 5_000;
/** Between tries to connect at the start: doubles up to the second. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
/** While NATS answers, it is asked this often whether stream and bucket stand. */
const CHECK_EVERY_MS = 1_000;
/** A NATS that is silent for so long is away: with the pause before, callers hear it within 3 s. */
const CHECK_MS = 2_000;
/** An outage is logged again this often. */
const REMIND_MS = 30_000;
const PING_EVERY_MS = 10_000;

/** What a check found made anew, by whomever. */
export interface Reset {
  /** All records of jobs are gone, or older ones are there. */
  readonly records: boolean;
  /** All events are gone. */
  readonly events: boolean;
}

/**
 * The connection to NATS and what it must have: connects with patience, asks again and again whether the stream and the bucket stand,
 * makes them anew when they are gone, and fails at once what is asked of it during an outage.
 */
export class NatsLink {
  private readonly closing = new AbortController();
  private readonly resets = new Set<(reset: Reset) => void>();
  private readonly first: Promise<void>;
  private settleFirst: { resolve(): void; reject(error: Error): void } | undefined;
  private layout: NatsLayout | undefined;
  private identity: LayoutIdentity | undefined;
  /** Aborts when NATS goes away: what waits for an answer hears of it. */
  private outage = newOutage();
  private up = false;
  /** A write failed: the next checks write too. */
  private writesFail = false;
  private wake = new AbortController();
  private remindedMs = -Infinity;
  private remindedOf = '';
  private highest = 0;
  private readonly running: Promise<void>;

  constructor(
    private readonly url: string,
    private readonly log: Logger,
  ) {
    this.first = new Promise((resolve, reject) => {
      this.settleFirst = { resolve, reject };
    });
    this.first.catch(() => undefined);
    this.outage.abort(awayError('not connected yet'));
    this.running = this.run();
  }

  /** Whether NATS answered lately and has what it must have. */
  get healthy(): boolean {
    return this.up && !this.closing.signal.aborted;
  }

  /** Resolves once NATS has been there. Rejects where waiting is no use: refused credentials; or with the signal. */
  ready(signal: AbortSignal): Promise<void> {
    return unlessAborted(this.first, signal);
  }

  /** Calls back when the stream or the bucket is another one than before. */
  onReset(listener: (reset: Reset) => void): () => void {
    this.resets.add(listener);
    return () => this.resets.delete(listener);
  }

  /** Aborts when NATS goes away from now on; aborted while it is away. */
  get away(): AbortSignal {
    return this.outage.signal;
  }

  /** The revision of a write or read that succeeded: a bucket that has less is an older one. */
  saw(revision: number): void {
    this.highest = Math.max(this.highest, revision);
  }

  /** Does something with NATS. Rejects with DEPENDENCY_DOWN at once while it is away, and as soon as it goes away. */
  async use<T>(work: (layout: NatsLayout) => Promise<T>): Promise<T> {
    const { signal } = this.outage;
    signal.throwIfAborted();
    return unlessAborted(work(this.layout as NatsLayout), signal);
  }

  /** A write went wrong: until one succeeds, NATS counts as away. */
  doubtWrites(): void {
    this.writesFail = true;
    this.doubt();
  }

  /** Something went wrong that a check may explain. */
  doubt(): void {
    this.wake.abort();
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.goAway(new Error('closing'));
    const { layout } = this;
    // Draining sends what is still to be acknowledged; a NATS that does not answer is left.
    if (layout !== undefined) {
      await inTime(layout.connection.drain(), CHECK_MS).catch(() => undefined);
      layout.connection.close().catch(() => undefined);
    }
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      const connection = await this.connectPatiently();
      if (connection === undefined) return;
      void this.follow(connection);
      await this.watchOver(connection);
      await connection.close().catch(() => undefined);
    }
  }

  /** Tries until it succeeds, or trying is no use. */
  private async connectPatiently(): Promise<NatsConnection | undefined> {
    const { signal } = this.closing;
    for (let waitMs = FIRST_WAIT_MS; !signal.aborted; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      try {
        return await connect({
          ...natsAddress(this.url),
          name: 'eigenloom',
          maxReconnectAttempts: -1,
          reconnectTimeWait: RECONNECT_EVERY_MS,
          timeout: DIAL_MS,
          pingInterval: PING_EVERY_MS,
          ignoreAuthErrorAbort: true,
        });
      } catch (error) {
        if (isRefused(error)) {
          this.settleFirst?.reject(
            incompatible('NATS_REFUSED', `NATS at ${this.place} refuses the credentials of NATS_URL`, {
              cause: error,
            }),
          );
        }
        this.remind(error);
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  /** Checks until the connection is closed for good. */
  private async watchOver(connection: NatsConnection): Promise<void> {
    const { signal } = this.closing;
    let layout: NatsLayout | undefined;
    while (!signal.aborted && !connection.isClosed()) {
      this.wake = new AbortController();
      try {
        layout ??= await inTime(this.open(connection), 2 * CHECK_MS);
        await this.check(layout);
      } catch (error) {
        this.goAway(error);
        this.remind(error);
      }
      const either = AbortSignal.any([signal, this.wake.signal]);
      await delay(CHECK_EVERY_MS, undefined, { signal: either }).catch(() => undefined);
      // Not more often than it can be answered, however many callers doubt.
      if (this.wake.signal.aborted)
        await delay(CHECK_EVERY_MS / 10, undefined, { signal }).catch(() => undefined);
    }
    this.goAway(new Error('the connection is closed'));
  }

  private async open(connection: NatsConnection): Promise<NatsLayout> {
    const layout = await openLayout(connection);
    await ensureLayout(layout);
    await updateStream(layout);
    return layout;
  }

  private async check(layout: NatsLayout): Promise<void> {
    const { highest } = this;
    const { identity, made } = await inTime(ensureLayout(layout), CHECK_MS);
    this.layout = layout;
    if (this.closing.signal.aborted) return;
    const known = this.identity;
    const reset: Reset = {
      records: known !== undefined && (known.records !== identity.records || identity.lastRevision < highest),
      events: known !== undefined && known.events !== identity.events,
    };
    this.identity = identity;
    if (this.writesFail) await this.probe(layout);
    if (reset.records || reset.events) this.reset(reset, made, identity.lastRevision);
    if (!this.up) this.comeBack();
  }

  private async probe(layout: NatsLayout): Promise<void> {
    try {
      await inTime(probeWrites(layout), CHECK_MS);
      this.writesFail = false;
    } catch (cause) {
      throw new Error('it answers and keeps nothing that is written to it; is its disk full?', { cause });
    }
  }

  private reset(reset: Reset, made: Made, lastRevision: number): void {
    // What waits for an answer asked the one before.
    this.goAway(new Error('another stream stands there'));
    if (reset.records) {
      this.highest = lastRevision;
      this.log.error(
        { made: made.records },
        'NATS has lost the records of jobs, and they start anew: jobs submitted before are unknown now; submit them again',
      );
    }
    if (reset.events) {
      this.log.warn(
        { made: made.events },
        'NATS has lost the events, and they start anew; queued jobs are announced again',
      );
    }
    for (const listener of this.resets) listener(reset);
  }

  private comeBack(): void {
    const again = this.remindedMs > -Infinity;
    this.up = true;
    this.outage = newOutage();
    this.remindedMs = -Infinity;
    this.settleFirst?.resolve();
    if (again) this.log.info({ nats: this.place }, 'NATS is there');
  }

  private goAway(reason: unknown): void {
    this.up = false;
    this.outage.abort(awayError(reason));
  }

  /** Says at the start of an outage, when the reason changes, and now and again, what is waited for. */
  private remind(error: unknown): void {
    const reason = reasonOf(error);
    const known = reason === this.remindedOf && performance.now() - this.remindedMs < REMIND_MS;
    if (this.closing.signal.aborted || known) return;
    this.remindedMs = performance.now();
    this.remindedOf = reason;
    this.log.warn(
      { nats: this.place, err: error },
      `waiting for NATS at ${this.place}: ${reason}; it is tried again until it answers`,
    );
  }

  private get place(): string {
    return shownNatsUrl(this.url);
  }

  private async follow(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') this.goAway(new Error('the connection was lost'));
      if (type === 'reconnect') this.doubt();
    }
  }
}

function newOutage(): AbortController {
  const outage = new AbortController();
  // As many as there are calls.
  setMaxListeners(0, outage.signal);
  return outage;
}

const awayError = (cause: unknown): AppError =>
  dependencyDown(
    'BUS_UNREACHABLE',
    'NATS, which keeps the jobs, is away (the log of the service says why); try again later',
    { cause },
  );

/** Refused for good, and not because the server was too busy to look. */
const isRefused = (error: unknown): boolean =>
  error instanceof Error && error.name === 'AuthorizationError' && /violation|expired/i.test(error.message);

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'JetStreamNotEnabled') {
    return 'it runs without JetStream (start it with -js)';
  }
  const known = toAppError(error);
  if (known.kind === 'DEADLINE_EXCEEDED') return 'it does not answer';
  return error instanceof Error ? error.message : known.message;
}
