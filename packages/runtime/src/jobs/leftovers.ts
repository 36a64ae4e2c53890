import type { Artifacts } from './artifacts.js';
import type { JobStore } from './job-store.js';
import { isTerminal } from './record.js';
import type { ScratchFolders } from './scratch-folders.js';

/** Removes scratch and staging folders of jobs that are done or gone: their worker died between the end and the clearing up. */
export async function removeLeftovers(
  store: JobStore,
  artifacts: Artifacts,
  scratchFolders: ScratchFolders,
): Promise<void> {
  const isAlive = async (id: string): Promise<boolean> => {
    const job = await store.find(id);
    return job !== undefined && !isTerminal(job.record.state);
  };
  for (const id of await scratchFolders.ids()) {
    if (!(await isAlive(id))) await scratchFolders.remove(id);
  }
  await artifacts.removeStages(isAlive);
}
