import type { ServiceKind } from '@eigenloom/contracts';
import { AppError, conflict } from '@eigenloom/errors';
import type { JobsClient } from '@eigenloom/runtime';
import { resolve } from 'node:path';
import type { MeshOptions } from '../options.js';

/** The user runs as himself: in his own process every file that he may read or write is allowed. */
const ALL_FILES = '/';

/** A client of the server that `--server` names, or of this process with the services that the command needs. */
export async function openClient(options: MeshOptions, kinds: readonly ServiceKind[]): Promise<JobsClient> {
  if (options.server !== undefined) {
    const { createClient } = await import('@eigenloom/runtime');
    return createClient({ address: options.server });
  }
  const { startEmbedded } = await import('@eigenloom/runtime');
  const { loadKinds } = await import('./service-kinds.js');
  const dataFolder = resolve(options.dataDir);
  try {
    return await startEmbedded({ kinds: await loadKinds(kinds), dataFolder, roots: [ALL_FILES] });
  } catch (error) {
    if (!(error instanceof AppError) || error.reason !== 'DATA_FOLDER_IN_USE') throw error;
    const way = 'reach it with --server, or choose another --data-dir';
    throw conflict(error.reason, `another process uses the data folder ${options.dataDir}; ${way}`, {
      cause: error,
      retryable: false,
    });
  }
}
