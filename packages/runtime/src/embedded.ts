import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { EmbeddedBus } from './bus/embedded-bus.js';
import { EmbeddedClient } from './client/embedded-client.js';
import type { LocalJobs } from './client/local-jobs.js';
import { openDataFolder } from './config/data-folder.js';
import { Homes } from './homes/homes.js';
import { InterruptedJobs } from './jobs/interrupted-jobs.js';
import type { AnyJobKind } from './jobs/job-kind.js';
import { JobStore } from './jobs/job-store.js';
import { StoredArtifacts } from './jobs/stored-artifacts.js';
import { FolderStore } from './kv/folder-store.js';
import { Node, type NodeTuning } from './node.js';
export interface EmbeddedOptions extends NodeTuning {
  readonly kinds: readonly AnyJobKind[];
  /** Records, artifacts and scratch; several processes may share it. */
  readonly dataFolder: string;
  /**
   * What becomes of jobs that a process of this data folder left unfinished when it died: `resume` (the default) goes on with those that
   * services and other such runtimes left, `leave` waits until somebody asks for them.
   */
  readonly unfinished?: 'resume' | 'leave';
  /** Folders that `file:` URIs may name, for reading and writing. The artifact store is always readable by `job:`. */
  readonly roots: readonly string[];
  readonly log?: Logger;
}

/** Runs jobs in this process on a local folder: no server, no bus beside. Throws INVALID_INPUT `DATA_FOLDER_UNUSABLE`. */
export async function startEmbedded(options: EmbeddedOptions): Promise<LocalJobs> {
  const { kinds, dataFolder, roots, unfinished = 'resume', log = pino({ level: 'silent' }) } = options;
  const role = unfinished === 'resume' ? 'service' : 'command';
  const homes = await openDataFolder(dataFolder, () => Homes.open(dataFolder, role));
  try {
    const kv = await openDataFolder(dataFolder, () => FolderStore.open(join(dataFolder, 'records')));
    const bus = new EmbeddedBus();
    const store = new JobStore(kv);
    const interrupted = new InterruptedJobs(homes, store, bus);
    const artifacts = new StoredArtifacts(dataFolder, roots);
    const node = new Node({
      progressMs: 250,
      sweepMs: 1_000,
      ...options,
      kv,
      bus,
      artifacts,
      log,
      interrupted,
      showPaths: true,
    });
    await node.start();
    return new EmbeddedClient(node.jobs, interrupted, { store, artifacts, homes }, kinds, async () => {
      await node.stop();
      await bus.close();
      await kv.close();
      await homes.close();
    });
  } catch (error) {
    await homes.close();
    throw error;
  }
}
