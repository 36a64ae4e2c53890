import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { sha256File } from '@eigenloom/numeric';

import { exists } from '../exists.js';
import { isObject } from '../json-file.js';
import { linkOrCopy } from './link-or-copy.js';
import { syncPath } from './sync-folder.js';
import { writeNew } from '../with-file.js';

/** What is known of a finished file. */
export interface FinishedFile<Note> {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** What its maker wants to know of it again; JSON. */
  readonly note: Note;
}

const RECORD = '.record.json';

/**
 * Files of an artifact that a job finished one by one in its scratch folder, so that the next attempt need not make them again. A file
 * counts once a record of its size, checksum and note stands beside it; both are durable before the record gets its name. `key` says
 * what the files are made from: those of another key are removed.
 */
export class FinishedFiles<Note> {
  private constructor(
    private readonly folder: string,
    private readonly isNote: (value: unknown) => value is Note,
  ) {}

  /** Opens `KEY/` in a folder of the job, and removes whatever else and half-written is there. The caller holds the job's lease. */
  static async open<Note>(
    parent: string,
    key: string,
    isNote: (value: unknown) => value is Note,
  ): Promise<FinishedFiles<Note>> {
    const folder = join(parent, key);
    await mkdir(folder, { recursive: true });
    await removeAll(parent, (name) => name !== key);
    // Every half-written file has a hidden name.
    await removeAll(folder, (name) => name.startsWith('.'));
    return new FinishedFiles(folder, isNote);
  }

  /** Where a file is to be written: by rename of a finished and synced one. */
  pathOf(file: string): string {
    return join(this.folder, file);
  }

  /** A file that an earlier attempt finished and that is still what it was; reads it once. `onDamaged` hears of one that is not. */
  async find(file: string, onDamaged: (file: string) => void): Promise<FinishedFile<Note> | undefined> {
    const path = this.pathOf(file);
    if (!(await exists(path + RECORD))) return undefined;
    const record = await this.recordOf(file);
    const size = await stat(path).then(
      (found) => found.size,
      () => -1,
    );
    if (record?.sizeBytes === size && (await sha256File(path)) === record.sha256) return record;
    onDamaged(file);
    await rm(path + RECORD, { force: true });
    await rm(path, { force: true });
    return undefined;
  }

  /** What is recorded of a file, without a look at it. */
  async recordOf(file: string): Promise<FinishedFile<Note> | undefined> {
    const text = await readFile(this.pathOf(file) + RECORD, 'utf8').catch(() => '');
    return this.parse(text);
  }

  /** Records a file that stands, durable, at its path. Call the job's fence before. */
  async keep(file: string, finished: FinishedFile<Note>): Promise<void> {
    const body = JSON.stringify(finished);
    const temporary = join(this.folder, `.${file}.${randomUUID()}`);
    await writeNew(temporary, `{"sha256":"${digest(body)}","record":${body}}\n`);
    await rename(temporary, this.pathOf(file) + RECORD);
    await syncPath(this.folder);
  }

  /**
   * Gives a file a second name in another folder, which costs nothing; where that cannot be, a copy. It stays here too: a worker that
   * lost the job and has not noticed must not take away what its successor works with.
   */
  async place(file: string, folder: string): Promise<void> {
    const target = join(folder, file);
    await mkdir(dirname(target), { recursive: true });
    await linkOrCopy(this.pathOf(file), target);
  }

  private parse(text: string): FinishedFile<Note> | undefined {
    try {
      const { sha256, record } = JSON.parse(text) as { sha256: unknown; record: unknown };
      // JSON.stringify of what JSON.parse gave is the text that was written: numbers and strings make the round trip.
      if (!isObject(record) || digest(JSON.stringify(record)) !== sha256) return undefined;
      if (!this.isNote(record['note'])) return undefined;
      return record as unknown as FinishedFile<Note>;
    } catch {
      return undefined;
    }
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

async function removeAll(folder: string, chosen: (name: string) => boolean): Promise<void> {
  for (const name of (await readdir(folder)).filter(chosen)) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}
