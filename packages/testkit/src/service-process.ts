import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { until } from './until.js';

/** A service of the test kinds in a process of its own. */
export class ServiceProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    readonly output: () => string,
  ) {}

  /** Starts it and waits until it listens. */
  static async launch(
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
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (message) => {
        resolve((message as { port: number }).port);
      });
      child.once('exit', () => {
        reject(new Error(`the service did not start: ${output()}`));
      });
    });
    return new ServiceProcess(child, port, output);
  }

  get address(): string {
    return `127.0.0.1:${String(this.port)}`;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
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
