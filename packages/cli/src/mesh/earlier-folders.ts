import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { readdir } from 'node:fs/promises';
import { note } from '../output.js';

/** Where earlier versions kept jobs when they were not told: commands in the working folder, servers in the home folder. */
const NAME = '.eigenloom';

/** Tells of jobs and artifacts that earlier versions left where nothing looks any more. */
export async function noteEarlierFolders(dataFolder: string): Promise<void> {
  for (const folder of new Set([resolve(NAME), join(homedir(), NAME)])) {
    if (folder === dataFolder) continue;
    const records = await readdir(join(folder, 'records')).catch(() => []);
    if (!records.some((name) => name.startsWith('job.'))) continue;
    note(`${folder} holds jobs of an earlier version: reach them with --data-dir ${folder}, or remove it`);
  }
}
