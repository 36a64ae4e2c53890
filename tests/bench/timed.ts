import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Timing {
  readonly seconds: number;
  /** Processor time of all threads, in the program and in the system. */
  readonly cpuSeconds: number;
  /** Largest resident set, pages of mapped files included. */
  readonly residentMiB: number;
}

/** GNU time's figures of a command in a folder. */
export async function timed(folder: string, command: readonly string[]): Promise<Timing> {
  const figures = join(folder, 'time.txt');
  const start = performance.now();
  await run('/usr/bin/time', ['-o', figures, '-f', '%M %U %S', ...command], {
    cwd: folder,
    maxBuffer: 2 ** 26,
  });
  const seconds = (performance.now() - start) / 1000;
  const last = (await readFile(figures, 'utf8')).trim().split('\n').at(-1) ?? '';
  const [kibibytes = NaN, user = NaN, system = NaN] = last.split(' ').map(Number);
  return { seconds, cpuSeconds: user + system, residentMiB: kibibytes / 1024 };
}
