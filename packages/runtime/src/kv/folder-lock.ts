import { linkOrCopy, writeNew } from '@eigenloom/checkpoint';
import { conflict, isErrno } from '@eigenloom/errors';
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Another host's lock counts as live while its file was touched this recently. */
const FOREIGN_LEASE_MS = 30_000;
const TOUCH_MS = 5_000;
/** A lock is written within this time. */
const HALF_WRITTEN_MS = 5_000;

interface Holder {
  readonly pid: number;
  /** Start time of the process in clock ticks: tells a reused pid apart. Empty where /proc is missing. */
  readonly started: string;
  readonly host: string;
  readonly nonce: string;
}

async function startTime(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
    // The command in parentheses may hold spaces; field 22 is the 20th after it.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}

async function isLive(path: string, holder: Holder): Promise<boolean> {
  if (holder.host !== hostname()) {
    return Date.now() - (await stat(path)).mtimeMs < FOREIGN_LEASE_MS;
  }
  if (!processExists(holder.pid)) return false;
  return holder.started === '' || holder.started === (await startTime(holder.pid));
}

/** Whether a lock that cannot be read may be one that is being written: without hard links it does not appear whole. */
async function isFresh(path: string): Promise<boolean> {
  const made = await stat(path).catch(() => undefined);
  return made !== undefined && Date.now() - made.mtimeMs < HALF_WRITTEN_MS;
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** Releases the lock. */
export type Unlock = () => Promise<void>;

/**
 * Takes a data folder for this process. Throws CONFLICT `DATA_FOLDER_IN_USE` while another live process has it; the lock of a dead
 * one is taken over.
 */
export async function lockFolder(folder: string): Promise<Unlock> {
  const path = join(folder, 'lock');
  const nonce = randomUUID();
  const holder: Holder = {
    pid: process.pid,
    started: await startTime(process.pid),
    host: hostname(),
    nonce,
  };
  const mine = `${path}.${nonce}`;
  await writeNew(mine, JSON.stringify(holder), 0o600);
  try {
    await takeOver(path, mine);
  } finally {
    await rm(mine, { force: true });
  }
  const touch = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, TOUCH_MS);
  touch.unref();
  return async () => {
    clearInterval(touch);
    if ((await readHolder(path))?.nonce === nonce) await rm(path, { force: true });
  };
}

async function takeOver(path: string, mine: string): Promise<void> {
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      await linkOrCopy(mine, path);
      return;
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
    const holder = await readHolder(path);
    if (holder === undefined ? await isFresh(path) : await isLive(path, holder)) break;
    // Move aside what was judged dead; if another process replaced it in between, put that one back.
    const aside = `${mine}.stale`;
    await rename(path, aside).catch(() => undefined);
    const moved = await readHolder(aside);
    if (moved !== undefined && moved.nonce !== holder?.nonce)
      await linkOrCopy(aside, path).catch(() => undefined);
    await rm(aside, { force: true });
  }
  throw conflict('DATA_FOLDER_IN_USE', 'the data folder is in use by another process', { retryable: false });
}
