import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifacts } from './artifacts.js';
import type { JobStore } from './job-store.js';
import { isTerminal } from './record.js';

/** Removes scratch and staging folders of jobs that are done or gone: their worker died between the end and the clearing up. */
export async function removeLeftovers(
  store: JobStore,
  artifacts: Artifacts,
  scratchFolder: string,
): Promise<void> {
  const isAlive = async (id: string): Promise<boolean> => {
    const job = await store.find(id);
    return job !== undefined && !isTerminal(job.record.state);
  };
  for (const id of await readdir(scratchFolder)) {
    if (!(await isAlive(id))) await rm(join(scratchFolder, id), { recursive: true, force: true });
  }
  await artifacts.removeStages(isAlive);
}
