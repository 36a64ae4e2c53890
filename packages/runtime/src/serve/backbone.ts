import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bus } from '../bus/bus.js';
import { EmbeddedBus } from '../bus/embedded-bus.js';
import type { Config } from '../config/config.js';
import type { Artifacts } from '../jobs/artifacts.js';
import { StoredArtifacts } from '../jobs/stored-artifacts.js';
import { lockFolder } from '../kv/folder-lock.js';
import { FolderStore } from '../kv/folder-store.js';
import type { KeyValueStore } from '../kv/key-value-store.js';
import { connectNats } from './nats-backbone.js';

/** What jobs are kept in and move over. */
export interface Backbone {
  readonly kv: KeyValueStore;
  readonly bus: Bus;
  readonly artifacts: Artifacts;
  /** No other process shares it. */
  readonly alone: boolean;
  close(): Promise<void>;
}

/** NATS when the config names it, else a folder of this process alone. */
export async function connectBackbone(
  config: Pick<Config, 'dataFolder' | 'roots' | 'cacheBytes' | 'natsUrl'>,
): Promise<Backbone> {
  const { dataFolder, roots, cacheBytes, natsUrl } = config;
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const artifacts = new StoredArtifacts(dataFolder, roots, cacheBytes);
  if (natsUrl !== undefined) return { ...(await connectNats(natsUrl)), artifacts, alone: false };
  const unlock = await lockFolder(dataFolder);
  try {
    const kv = await FolderStore.open(join(dataFolder, 'records'));
    const bus = new EmbeddedBus();
    const close = async (): Promise<void> => {
      await bus.close();
      await kv.close();
      await unlock();
    };
    return { kv, bus, artifacts, alone: true, close };
  } catch (error) {
    await unlock();
    throw error;
  }
}
