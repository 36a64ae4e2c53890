import type { ServiceKind } from '@eigenloom/contracts';
import type { JobsClient, LocalJobs } from '@eigenloom/runtime';
import { resolve } from 'node:path';
import type { MeshOptions } from '../options.js';
import { noteEarlierFolders } from './earlier-folders.js';

/** The user runs as himself: in his own process every file that he may read or write is allowed. */
const ALL_FILES = '/';

/** A client of the server that `--server` names, or of this process with the services that the command needs. */
export async function openClient(options: MeshOptions, kinds: readonly ServiceKind[]): Promise<JobsClient> {
  if (options.server === undefined) return openLocal(options, kinds);
  const { createClient } = await import('@eigenloom/runtime');
  return createClient({ address: options.server });
}

/** The data folder that options and environment name, else the user's own. */
export async function dataFolderOf({ dataDir = '' }: Pick<MeshOptions, 'dataDir'>): Promise<string> {
  // EIGENLOOM_DATA may be set to nothing.
  if (dataDir !== '') return resolve(dataDir);
  const { defaultDataFolder } = await import('@eigenloom/runtime');
  return defaultDataFolder();
}

/** The jobs of the data folder, with the services that the command needs in this process. */
export async function openLocal(
  options: Pick<MeshOptions, 'dataDir'>,
  kinds: readonly ServiceKind[],
): Promise<LocalJobs> {
  const { startEmbedded } = await import('@eigenloom/runtime');
  const { loadKinds } = await import('./service-kinds.js');
  const dataFolder = await dataFolderOf(options);
  if ((options.dataDir ?? '') === '') await noteEarlierFolders(dataFolder);
  // A command does what it was asked, and does not go on with what another left.
  return startEmbedded({
    kinds: await loadKinds(kinds),
    dataFolder,
    roots: [ALL_FILES],
    unfinished: 'leave',
  });
}
