import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';

/** Set-up puts the server here. */
const BINARY = join(process.env.EIGENLOOM_CACHE ?? join(__dirname, '../../../.cache'), 'bin/nats-server');
const READY = 'Server is ready';
const TRIES = 5;

/** A nats-server with JetStream on a temporary store; survives its own kill -9 by `start`. */
export class NatsServer {
  private process: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    readonly port: number,
  ) {}

  static async launch(): Promise<NatsServer> {
    if (!existsSync(BINARY)) throw new Error(`nats-server is missing; run the set-up`);
    for (let tries = 1; ; tries += 1) {
      const server = new NatsServer(await mkdtemp(join(tmpdir(), 'eigenloom-nats-')), await freePort());
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
  async start(): Promise<void> {
    const args = ['-js', '-a', '127.0.0.1', '-p', String(this.port), '-sd', this.folder];
    const child = spawn(BINARY, args, { stdio: ['ignore', 'ignore', 'pipe'] });
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
