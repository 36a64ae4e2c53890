import { makeFolder } from '@eigenloom/checkpoint';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { EmbeddedBus } from './bus/embedded-bus.js';
import { EmbeddedClient } from './client/embedded-client.js';
import type { JobsClient } from './client/jobs-client.js';
import type { AnyJobKind } from './jobs/job-kind.js';
import { StoredArtifacts } from './jobs/stored-artifacts.js';
import { lockFolder } from './kv/folder-lock.js';
import { FolderStore } from './kv/folder-store.js';
import { Node, type NodeTuning } from './node.js';

/** What an embedded runtime needs. */
export interface EmbeddedOptions extends NodeTuning {
  readonly kinds: readonly AnyJobKind[];
  /** Records, artifacts and scratch; one process at a time. */
  readonly dataFolder: string;
  /** Folders that `file:` URIs may name, for reading and writing. The artifact store is always readable by `job:`. */
  readonly roots: readonly string[];
  readonly log?: Logger;
}

/**
 * Runs jobs in this process on a local folder: no server, no bus beside. Jobs that a crash left unfinished go on at once.
 * Throws CONFLICT `DATA_FOLDER_IN_USE` while another process has the folder.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<JobsClient> {
  const { kinds, dataFolder, roots, log = pino({ level: 'silent' }) } = options;
  await makeFolder(dataFolder, 0o700);
  const unlock = await lockFolder(dataFolder);
  try {
    const kv = await FolderStore.open(join(dataFolder, 'records'));
    const bus = new EmbeddedBus();
    const artifacts = new StoredArtifacts(dataFolder, roots);
    const node = new Node({
      progressMs: 250,
      sweepMs: 1_000,
      ...options,
      kv,
      bus,
      artifacts,
      log,
      alone: true,
      showPaths: true,
    });
    await node.start();
    return new EmbeddedClient(node.jobs, kinds, async () => {
      await node.stop();
      await bus.close();
      await kv.close();
      await unlock();
    });
  } catch (error) {
    await unlock();
    throw error;
  }
}
