import { readFile } from 'node:fs/promises';

/** The largest resident set of this process, in bytes. */
export async function peakMemory(): Promise<number> {
  const [, kibibytes = NaN] = /VmHWM:\s+(\d+)/.exec(await readFile('/proc/self/status', 'utf8')) ?? [];
  return 1024 * Number(kibibytes);
}
