import { join } from 'node:path';
import type { Logger } from 'pino';
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
import { createLog } from '../telemetry/log.js';
import { openNats } from './nats-backbone.js';

/** What jobs are kept in and move over. */
export interface Backbone {
  readonly kv: KeyValueStore;
  readonly bus: Bus;
  readonly artifacts: Artifacts;
  /** On a data folder, which processes share; none on NATS. */
  readonly interrupted?: InterruptedJobs | undefined;
  /** Resolves once it can be used. Rejects where waiting is no use, or with the signal. */
  ready(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

type BackboneConfig = Pick<Config, 'dataFolder' | 'roots' | 'cacheBytes' | 'natsUrl'>;

const NEVER = new AbortController().signal;

/** As `openBackbone`, once it can be used. */
export async function connectBackbone(config: BackboneConfig): Promise<Backbone> {
  const backbone = await openBackbone(config, createLog('backbone', 'silent'));
  try {
    await backbone.ready(NEVER);
    return backbone;
  } catch (error) {
    await backbone.close();
    throw error;
  }
}

/** NATS when the config names it, which may take its time to be there; else the data folder. */
export async function openBackbone(config: BackboneConfig, log: Logger): Promise<Backbone> {
  const { dataFolder, roots, cacheBytes, natsUrl } = config;
  const artifacts = new StoredArtifacts(dataFolder, roots, cacheBytes);
  if (natsUrl !== undefined) {
    await openDataFolder(dataFolder, () => Promise.resolve());
    return { ...openNats(natsUrl, log), artifacts };
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
    return { kv, bus, artifacts, interrupted, ready: () => Promise.resolve(), close };
  } catch (error) {
    await homes.close();
    throw error;
  }
}
