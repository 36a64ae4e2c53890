import { makeFolder } from '@eigenloom/checkpoint';
import { lstat, mkdir, readdir, readlink, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Where a job works. */
export interface Scratch {
  /** Survives a crash and a change of worker. */
  readonly folder: string;
  /** For what becomes an entry of the cache, which is on the data folder's file system. */
  readonly cacheFolder: string;
  /** Where artifacts are staged that go to the file system of the job's output; undefined where that is the data folder's. */
  readonly stages: string | undefined;
}

const CACHE = '.cache';
const STAGES = 'stages';

/** The nearest folder above a path that is there. */
async function nearest(path: string): Promise<{ folder: string; device: number }> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory() === true || folder === dirname(folder))
      return { folder, device: found?.dev ?? -1 };
  }
}

/**
 * Scratch folders of jobs, in the data folder by their ids. A job whose output goes to another file system works there, in a hidden
 * folder beside its output that a link in the data folder names: its files then reach their place by a rename, and need no room on the
 * disk of the data folder.
 */
export class ScratchFolders {
  constructor(private readonly folder: string) {}

  async prepare(): Promise<void> {
    await makeFolder(this.folder, 0o700);
  }

  /** Finds or makes the folder of a job. `output` is the path of its output, unless that goes to the store. */
  async open(id: string, output: string | undefined): Promise<Scratch> {
    const place = join(this.folder, id);
    const cacheFolder = place + CACHE;
    const elsewhere =
      (await readlink(place).catch(() => undefined)) ?? (await this.beside(id, place, output));
    const folder = elsewhere ?? place;
    await makeFolder(folder, 0o700);
    return { folder, cacheFolder, stages: elsewhere && join(elsewhere, STAGES) };
  }

  async remove(id: string): Promise<void> {
    const place = join(this.folder, id);
    const elsewhere = await readlink(place).catch(() => undefined);
    if (elsewhere !== undefined) await rm(elsewhere, { recursive: true, force: true });
    await rm(place, { recursive: true, force: true });
    await rm(place + CACHE, { recursive: true, force: true });
  }

  /** Ids of the jobs that have a folder. */
  async ids(): Promise<string[]> {
    return [...new Set((await readdir(this.folder)).map((name) => name.split('.')[0] ?? ''))];
  }

  /** Links the place of a job to a folder beside its output, where that is on another file system. */
  private async beside(id: string, place: string, output: string | undefined): Promise<string | undefined> {
    if (output === undefined || (await lstat(place).catch(() => undefined)) !== undefined) return undefined;
    const there = await nearest(output);
    if (there.device === (await stat(this.folder)).dev) return undefined;
    const elsewhere = join(there.folder, `.eigenloom-${id}`);
    try {
      await symlink(elsewhere, place);
      await mkdir(elsewhere, { mode: 0o700 });
      return elsewhere;
    } catch {
      // A file system without links, or a folder that nobody may write to: the job works in the data folder, and its output is copied.
      await rm(place, { force: true });
      return undefined;
    }
  }
}
