import { makeFolder } from '@eigenloom/checkpoint';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Bus } from '../bus/bus.js';
import { EmbeddedBus } from '../bus/embedded-bus.js';
import type { Config } from '../config/config.js';
import type { Artifacts } from '../jobs/artifacts.js';
import { StoredArtifacts } from '../jobs/stored-artifacts.js';
import { lockFolder } from '../kv/folder-lock.js';
import { FolderStore } from '../kv/folder-store.js';
import type { KeyValueStore } from '../kv/key-value-store.js';
import { createLog } from '../telemetry/log.js';
import { openNats } from './nats-backbone.js';

/** What jobs are kept in and move over. */
export interface Backbone {
  readonly kv: KeyValueStore;
  readonly bus: Bus;
  readonly artifacts: Artifacts;
  /** No other process shares it. */
  readonly alone: boolean;
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

/** NATS when the config names it, which may take its time to be there; else a folder of this process alone. */
export async function openBackbone(config: BackboneConfig, log: Logger): Promise<Backbone> {
  const { dataFolder, roots, cacheBytes, natsUrl } = config;
  await makeFolder(dataFolder, 0o700);
  const artifacts = new StoredArtifacts(dataFolder, roots, cacheBytes);
  if (natsUrl !== undefined) return { ...openNats(natsUrl, log), artifacts, alone: false };
  const unlock = await lockFolder(dataFolder);
  try {
    const kv = await FolderStore.open(join(dataFolder, 'records'));
    const bus = new EmbeddedBus();
    const close = async (): Promise<void> => {
      await bus.close();
      await kv.close();
      await unlock();
    };
    return { kv, bus, artifacts, alone: true, ready: () => Promise.resolve(), close };
  } catch (error) {
    await unlock();
    throw error;
  }
}
