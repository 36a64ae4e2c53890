import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { closeProcessId, isAlive, openProcessId, parseProcess, processText } from './process-id.js';

/** Commands do their own jobs alone; services also take over those of services that died. */
export type Role = 'command' | 'service';

/** A process that does jobs of a data folder. */
export interface Home {
  readonly role: Role;
  readonly pid: number;
  readonly host: string;
}

const FOLDER = 'processes';
const TOUCH_MS = 5_000;
/** A process that cannot be seen from here counts as dead when its file was not touched for so long. */
const SILENT_MS = 30_000;

function parse(home: string): (Home & { readonly alive: boolean | undefined }) | undefined {
  const [, role, text = ''] = /^(command|service)\.(.*)$/s.exec(home) ?? [];
  const id = parseProcess(text);
  return id && { role: role as Role, pid: id.pid, host: id.host, alive: isAlive(id) };
}

/**
 * The processes that share a data folder. Each job has the one as its home that does its work; a home that died leaves its jobs to be
 * taken over. Processes of this machine are asked after directly. Those of other machines or containers touch a file, by whose age on
 * the folder's own clock they are judged.
 */
export class Homes {
  private constructor(
    private readonly folder: string,
    readonly role: Role,
    /** This process's. */
    readonly own: string,
    private readonly leave: () => Promise<void>,
  ) {}

  static async open(dataFolder: string, role: Role): Promise<Homes> {
    const folder = join(dataFolder, FOLDER);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const id = openProcessId();
    const own = `${role}.${processText(id)}`;
    const path = join(folder, own);
    await writeFile(path, '', { mode: 0o600 });
    const touch = setInterval(() => {
      const now = new Date();
      utimes(path, now, now).catch(() => undefined);
    }, TOUCH_MS);
    touch.unref();
    const homes = new Homes(folder, role, own, async () => {
      clearInterval(touch);
      closeProcessId(id);
      await rm(path, { force: true });
    });
    await homes.removeDead();
    return homes;
  }

  /** Which process a home is; undefined for what is none. */
  describe(home: string): Home | undefined {
    return parse(home);
  }

  async isAlive(home: string): Promise<boolean> {
    if (home === this.own) return true;
    const found = parse(home);
    if (found === undefined) return false;
    if (found.alive !== undefined) return found.alive;
    try {
      const [theirs, mine] = await Promise.all([home, this.own].map((name) => stat(join(this.folder, name))));
      return (mine?.mtimeMs ?? 0) - (theirs?.mtimeMs ?? 0) < SILENT_MS;
    } catch {
      return false;
    }
  }

  /** Its jobs are left to others from now on. */
  async close(): Promise<void> {
    await this.leave();
  }

  private async removeDead(): Promise<void> {
    for (const name of await readdir(this.folder)) {
      if (!(await this.isAlive(name))) await rm(join(this.folder, name), { force: true });
    }
  }
}
