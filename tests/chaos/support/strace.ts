import { spawn, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const RUN = join(__dirname, '../../dist/chaos/support/run-merge.js');

/** A run that hangs is ended with everything that it started, and has no result. */
const PATIENCE_MS = 300_000;

/** Whether the machine has strace and lets it trace. */
export const canTrace = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status === 0;

/** How a run ended. */
export interface RunEnd {
  /** `killed` when a signal ended it. */
  readonly status: number | 'killed';
  readonly stderr: string;
  /** What was printed after the result. */
  readonly rest: string;
  /** What it printed; undefined when it did not come so far. */
  readonly result:
    | {
        readonly attempt: number;
        readonly reason?: string;
        readonly message?: string;
        readonly digest?: string;
        readonly changes?: unknown;
      }
    | undefined;
}

/** Runs the merge of a folder, under the command given, to its end. */
export function runMerge(
  folder: string,
  under: readonly string[] = [],
  settings: Readonly<Record<string, string>> = {},
): Promise<RunEnd> {
  const [command, ...args] = [...under, process.execPath, RUN, folder];
  // One thread for Node's file operations: strace counts the calls of each thread, and so counts them in their order.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1', ...settings };
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const patience = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, PATIENCE_MS);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(patience);
      const killed = signal !== null || status === 137;
      const [line = '', ...rest] = stdout.split('\n');
      const result = line.startsWith('{') ? (JSON.parse(line) as RunEnd['result']) : undefined;
      resolve({ status: killed ? 'killed' : (status ?? -1), stderr, rest: rest.join('\n'), result });
    });
  });
}

/** One step of one thread: the call of that name, counted from 1. */
export interface Step {
  readonly call: string;
  readonly number: number;
}

/** As strace's options: what happens at a step instead of the call. The calls of that name are written to `log`. */
export const at = ({ call, number }: Step, what: string, log = '/dev/null'): string[] => [
  ...['strace', '-f', '-qq', '-o', log, '-e', `trace=${call}`],
  ...['-e', `inject=${call}:${what}:when=${number}`],
];

/** As strace's options: writes the calls of these names to `log`. */
export const logged = (calls: readonly string[], log: string): string[] => [
  ...['strace', '-f', '-qq', '-o', log, '-e', `trace=${calls.join(',')}`],
];

/** Of each call in a log, as many as the busiest thread made. */
export async function busiest(log: string): Promise<ReadonlyMap<string, number>> {
  const [counts, most] = [new Map<string, number>(), new Map<string, number>()];
  for (const [, thread, call = ''] of (await readFile(log, 'utf8')).matchAll(/^(\d+) +(\w+)\(/gm)) {
    const key = `${thread} ${call}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    most.set(call, Math.max(most.get(call) ?? 0, count));
  }
  return most;
}
