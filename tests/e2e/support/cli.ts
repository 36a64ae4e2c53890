import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const MAIN = join(__dirname, '../../../packages/cli/dist/main.js');

/** How a command ended. */
export interface Outcome {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** Resolves when standard error or output has shown the pattern. */
  readonly shows: (pattern: RegExp) => Promise<void>;
  /** Standard output so far. */
  readonly text: () => string;
}

/** Starts the built `eigenloom` in a folder, with jobs in its own `.eigenloom` unless an option says otherwise: never in the user's. */
export function startCli(
  args: readonly string[],
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { ...withoutSettings(process.env), EIGENLOOM_DATA: join(folder, '.eigenloom'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  const collect = (name: keyof typeof text) => (part: Buffer) => {
    text[name] += part.toString();
    for (const check of waiting) check();
  };
  child.stdout.on('data', collect('stdout'));
  child.stderr.on('data', collect('stderr'));
  const outcome = new Promise<Outcome>((resolve) => {
    child.on('close', (status) => {
      resolve({ status, ...text });
    });
  });
  const shows = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (!pattern.test(text.stdout) && !pattern.test(text.stderr)) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
      void outcome.then(({ status, stderr }) => {
        reject(new Error(`the command ended with ${String(status)} before ${String(pattern)}: ${stderr}`));
      });
    });
  return { child, outcome, shows, text: () => text.stdout };
}

/** Runs the built `eigenloom` to its end. */
export const cli = (
  args: readonly string[],
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> => startCli(args, folder, environment).outcome;

/** As `cli`, but an exit status other than 0 fails the test with what the command said. */
export async function succeed(
  args: readonly string[],
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const outcome = await cli(args, folder, environment);
  if (outcome.status !== 0) {
    throw new Error(`eigenloom ${args.join(' ')} ended with ${String(outcome.status)}: ${outcome.stderr}`);
  }
  return outcome;
}

function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(EIGENLOOM_|NATS_|OTEL_)/.test(name)),
  );
}
