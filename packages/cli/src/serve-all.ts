import { delimiter } from 'node:path';

import { SERVICE_KINDS } from '@eigenloom/contracts';
import { readConfig, runService } from '@eigenloom/runtime';
import { noteEarlierFolders } from './mesh/earlier-folders.js';
import { loadKinds } from './mesh/service-kinds.js';
import { print } from './output.js';

export interface UpOptions {
  readonly nats?: string;
  readonly port?: number;
  readonly host: string;
  readonly dataDir?: string;
  readonly root?: string[];
}

/** The environment as a service reads it, with what the options say. */
function environmentOf({ nats, port, host, dataDir, root }: UpOptions): NodeJS.ProcessEnv {
  return {
    // A person reads this terminal; the logs of a running server are there on request.
    EIGENLOOM_LOG_LEVEL: 'warn',
    ...process.env,
    EIGENLOOM_HOST: host,
    ...(dataDir === undefined ? {} : { EIGENLOOM_DATA: dataDir }),
    ...(port === undefined ? {} : { EIGENLOOM_PORT: String(port) }),
    ...(nats === undefined ? {} : { NATS_URL: nats }),
    ...(root === undefined ? {} : { EIGENLOOM_ROOTS: root.join(delimiter) }),
  };
}

/** Serves all four services until SIGINT or SIGTERM. */
export async function serveAll(options: UpOptions): Promise<void> {
  const config = readConfig(environmentOf(options));
  if ((options.dataDir ?? '') === '') await noteEarlierFolders(config.dataFolder);
  const kinds = await loadKinds(SERVICE_KINDS);
  await runService({
    name: 'all',
    kinds,
    config,
    onListening: (port) => {
      if (config.natsUrl !== undefined)
        print(`eigenloom: listening on ${config.host}:${port}, waiting for NATS`);
    },
    onReady: (port) => {
      print(`eigenloom: serving on ${config.host}:${port}`);
    },
  });
}
