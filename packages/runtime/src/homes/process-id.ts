import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** What tells a process from every other, on this machine and elsewhere. */
export interface ProcessId {
  readonly pid: number;
  /** Start time of the process in clock ticks: tells a reused pid apart. Empty where /proc is missing. */
  readonly started: string;
  /** The machine since its last start, and the process namespace: pids of other places say nothing here. */
  readonly place: string;
  /** Several may be open in one process. */
  readonly nonce: string;
  /** For people. */
  readonly host: string;
}

const PLACE_LENGTH = 16;
const NONCE_LENGTH = 8;
/** Names of files are limited to 255 bytes. */
const MAX_HOST_LENGTH = 64;

const textOf = (read: () => string): string => {
  try {
    return read().trim();
  } catch {
    return '';
  }
};

function placeOfThisProcess(): string {
  const boot = textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const namespace = textOf(() => readlinkSync('/proc/self/ns/pid'));
  const text = `${hostname()}\0${boot}\0${namespace}`;
  return createHash('sha256').update(text).digest('hex').slice(0, PLACE_LENGTH);
}

const PLACE = placeOfThisProcess();
const open = new Set<string>();

/** State and start time of a process, as /proc tells them. */
function statOf(pid: number): { state: string; started: string } | undefined {
  const text = textOf(() => readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
  if (text === '') return undefined;
  // The command in parentheses may hold spaces; field 3 is the first after it, field 22 the 20th.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}

/** An id of this process that counts as alive until it is closed. */
export function openProcessId(): ProcessId {
  const nonce = randomUUID().slice(0, NONCE_LENGTH);
  open.add(nonce);
  const host = hostname()
    .replace(/[^A-Za-z0-9-]/g, '-')
    .slice(0, MAX_HOST_LENGTH);
  return { pid: process.pid, started: statOf(process.pid)?.started ?? '', place: PLACE, nonce, host };
}

export function closeProcessId({ nonce }: ProcessId): void {
  open.delete(nonce);
}

/** Fit for the name of a file. */
export const processText = ({ pid, started, place, nonce, host }: ProcessId): string =>
  [String(pid), started, place, nonce, host].join('.');

/** Undefined for what `processText` has not made. */
export function parseProcess(text: string): ProcessId | undefined {
  const [, pid = '', started = '', place = '', nonce = '', host = ''] =
    /^(\d+)\.(\d*)\.([0-9a-f]+)\.([0-9a-f]+)\.([A-Za-z0-9-]*)$/.exec(text) ?? [];
  return pid === '' ? undefined : { pid: Number(pid), started, place, nonce, host };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether a process lives; undefined when that cannot be seen from here: it is of another place, or there is no /proc. */
export function isAlive({ pid, started, place, nonce }: ProcessId): boolean | undefined {
  if (place !== PLACE) return undefined;
  if (pid === process.pid) return open.has(nonce);
  if (!exists(pid)) return false;
  if (started === '') return undefined;
  const now = statOf(pid);
  // A zombie has ended, though nobody has taken notice yet.
  return now?.started === started && now.state !== 'Z' && now.state !== 'X';
}
