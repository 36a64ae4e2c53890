import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const HOOK = join(__dirname, 'kill-hook.cjs');

/** A step of a command: the nth rename to a path that matches. */
export interface Step {
  readonly pattern: RegExp;
  /** From 1; 0 kills nothing. */
  readonly nth: number;
  readonly when: 'before' | 'after';
}

/** Environment of a command that is killed (SIGKILL) at a step. Every such rename is written to the log. */
export function killAt({ pattern, nth, when }: Step, log: string): Readonly<Record<string, string>> {
  return {
    NODE_OPTIONS: `--require=${HOOK}`,
    KILL_AT: JSON.stringify({ pattern: pattern.source, nth, when, log }),
  };
}

/** Targets of the renames so far. */
export const stepsOf = async (log: string): Promise<string[]> =>
  (await readFile(log, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
