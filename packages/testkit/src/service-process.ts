import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { stopProcess } from './stop-process.js';
import { until } from './until.js';

/** A service of the test kinds in a process of its own. */
export class ServiceProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    readonly output: () => string,
    /** Resolves once it is ready for jobs. */
    readonly ready: Promise<void>,
  ) {}

  /** Starts it and waits until it is ready for jobs. */
  static async launch(
    kinds: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<ServiceProcess> {
    const started = await ServiceProcess.begin(kinds, environment);
    await started.ready;
    return started;
  }

  /** Starts it and waits until it listens; it may still wait for its bus. */
  static async begin(
    kinds: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<ServiceProcess> {
    const child = fork(join(__dirname, '../dist/service-main.js'), [...kinds], {
      env: { ...process.env, EIGENLOOM_PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => lines.push(data.toString()));
    }
    const output = (): string => lines.join('');
    const told = (what: 'listening' | 'port'): Promise<number> =>
      new Promise((resolve, reject) => {
        child.on('message', (message) => {
          const port = (message as Partial<Record<typeof what, number>>)[what];
          if (port !== undefined) resolve(port);
        });
        child.once('exit', () => {
          reject(new Error(`the service did not start: ${output()}`));
        });
      });
    const ready = told('port').then(() => undefined);
    ready.catch(() => undefined);
    return new ServiceProcess(child, await told('listening'), output, ready);
  }

  get address(): string {
    return `127.0.0.1:${String(this.port)}`;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Stops it as a debugger does: it is there and answers nothing. */
  async stop(): Promise<void> {
    if (this.child.pid !== undefined) await stopProcess(this.child.pid);
  }

  /** Waits until its log shows the pattern. */
  async shows(pattern: RegExp): Promise<void> {
    await until(`the service logs ${String(pattern)}`, () => {
      if (this.hasEnded() && !pattern.test(this.output())) {
        throw new Error(`the service ended before ${String(pattern)}: ${this.output()}`);
      }
      return pattern.test(this.output());
    });
  }

  /** Sends the signal and waits for the end and all of the output; the exit status, or null after a kill. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.hasEnded()) return this.child.exitCode;
    const closed = once(this.child, 'close') as Promise<[number | null]>;
    this.child.kill(signal);
    return (await closed)[0];
  }

  private hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}
