import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { stopProcess } from './stop-process.js';

/** Set-up puts the server here. */
const BINARY = join(process.env.EIGENLOOM_CACHE ?? join(__dirname, '../../../.cache'), 'bin/nats-server');
const READY = 'Server is ready';
const TRIES = 5;

/** How a server is started. */
export interface NatsOptions {
  /** A command that runs it with the folder of its store: `unshare …`. */
  readonly under?: (folder: string) => readonly string[];
  /** More arguments. */
  readonly more?: readonly string[];
}

/** A nats-server with JetStream on a temporary store; survives its own kill -9 by `start`. */
export class NatsServer {
  private process: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    readonly port: number,
    private readonly options: NatsOptions,
  ) {}

  /** Chooses port and store, and starts nothing yet. */
  static async prepare(options: NatsOptions = {}): Promise<NatsServer> {
    if (!existsSync(BINARY)) throw new Error(`nats-server is missing; run the set-up`);
    return new NatsServer(await mkdtemp(join(tmpdir(), 'eigenloom-nats-')), await freePort(), options);
  }

  static async launch(options: NatsOptions = {}): Promise<NatsServer> {
    for (let tries = 1; ; tries += 1) {
      const server = await NatsServer.prepare(options);
      try {
        await server.start();
        return server;
      } catch (error) {
        await server.remove();
        // Somebody else may have taken the port since.
        if (tries === TRIES) throw error;
      }
    }
  }

  get url(): string {
    return `nats://127.0.0.1:${String(this.port)}`;
  }

  /** Starts it on its port and store, and waits until it is ready. */
  async start({ jetStream = true } = {}): Promise<void> {
    const { under = () => [], more = [] } = this.options;
    const listen = ['-a', '127.0.0.1', '-p', String(this.port), '-sd', this.folder];
    const args = [...(jetStream ? ['-js'] : []), ...listen, ...more];
    const [command = BINARY, ...rest] = [...under(this.folder), BINARY, ...args];
    const child = spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.process = child;
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (part: Buffer) => {
        log += part.toString();
        if (log.includes(READY)) resolve();
      });
      child.once('error', reject);
      child.once('close', () => {
        if (this.process === child) this.process = undefined;
        reject(new Error(`nats-server did not start: ${log}`));
      });
    });
  }

  /** Its store as it sees it, where it runs in a mount namespace of its own. */
  get storeInside(): string {
    return `/proc/${String(this.process?.pid)}/root${this.folder}`;
  }

  /** Stops it as a debugger does: it is there and answers nothing. */
  async stop(): Promise<void> {
    if (this.process?.pid !== undefined) await stopProcess(this.process.pid);
  }

  /** Lets it go on after `stop`. */
  resume(): void {
    this.process?.kill('SIGCONT');
  }

  /** Kills it, and starts another on its port that knows nothing of what it kept. */
  async replace(): Promise<void> {
    await this.kill();
    await rm(join(this.folder, 'jetstream'), { recursive: true });
    await this.start();
  }

  /** What an operator does to it by hand. */
  async manage<T>(work: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    const connection = await connectNats({ servers: this.url });
    try {
      return await work(await jetstreamManager(connection));
    } finally {
      await connection.close();
    }
  }

  /** Ends it with a signal and waits. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (child === undefined) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  /** Ends it and removes its store. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
