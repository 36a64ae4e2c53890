import { join } from 'node:path';
import type { Bus } from '../bus/bus.js';
import { EmbeddedBus } from '../bus/embedded-bus.js';
import type { Config } from '../config/config.js';
import { openDataFolder } from '../config/data-folder.js';
import { Homes } from '../homes/homes.js';
import type { Artifacts } from '../jobs/artifacts.js';
import { InterruptedJobs } from '../jobs/interrupted-jobs.js';
import { JobStore } from '../jobs/job-store.js';
import { StoredArtifacts } from '../jobs/stored-artifacts.js';
import { FolderStore } from '../kv/folder-store.js';
import type { KeyValueStore } from '../kv/key-value-store.js';
import { connectNats } from './nats-backbone.js';

/** What jobs are kept in and move over. */
export interface Backbone {
  readonly kv: KeyValueStore;
  readonly bus: Bus;
  readonly artifacts: Artifacts;
  /** On a data folder, which processes share; none on NATS. */
  readonly interrupted?: InterruptedJobs | undefined;
  close(): Promise<void>;
}

/** NATS when the config names it, else the data folder. */
export async function connectBackbone(
  config: Pick<Config, 'dataFolder' | 'roots' | 'cacheBytes' | 'natsUrl'>,
): Promise<Backbone> {
  const { dataFolder, roots, cacheBytes, natsUrl } = config;
  const artifacts = new StoredArtifacts(dataFolder, roots, cacheBytes);
  if (natsUrl !== undefined) {
    await openDataFolder(dataFolder, () => Promise.resolve());
    return { ...(await connectNats(natsUrl)), artifacts };
  }
  const homes = await openDataFolder(dataFolder, () => Homes.open(dataFolder, 'service'));
  try {
    const kv = await openDataFolder(dataFolder, () => FolderStore.open(join(dataFolder, 'records')));
    const bus = new EmbeddedBus();
    const close = async (): Promise<void> => {
      await bus.close();
      await kv.close();
      await homes.close();
    };
    const interrupted = new InterruptedJobs(homes, new JobStore(kv), bus);
    return { kv, bus, artifacts, interrupted, close };
  } catch (error) {
    await homes.close();
    throw error;
  }
}
