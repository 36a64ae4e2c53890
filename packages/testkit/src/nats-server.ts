import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Set-up puts the server here. */
const BINARY = join(process.env.EIGENLOOM_CACHE ?? join(__dirname, '../../../.cache'), 'bin/nats-server');
const START_MS = 10_000;

/** A port that nothing listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A nats-server with JetStream on a temporary store; survives its own kill -9 by `start`. */
export class NatsServer {
  private process: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    readonly port: number,
  ) {}

  static async launch(): Promise<NatsServer> {
    if (!existsSync(BINARY)) throw new Error(`nats-server is missing; run the set-up`);
    const server = new NatsServer(await mkdtemp(join(tmpdir(), 'eigenloom-nats-')), await freePort());
    await server.start();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${String(this.port)}`;
  }

  /** Starts it on its port and store. */
  async start(): Promise<void> {
    const args = ['-js', '-a', '127.0.0.1', '-p', String(this.port), '-sd', this.folder];
    this.process = spawn(BINARY, args, { stdio: 'ignore' });
    const until = performance.now() + START_MS;
    while (!(await listens(this.port))) {
      if (performance.now() > until) throw new Error('nats-server did not start');
      await delay(20);
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

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
