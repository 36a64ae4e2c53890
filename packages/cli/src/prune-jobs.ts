import type { LocalJobs, PrunedJob } from '@eigenloom/runtime';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openLocal } from './mesh/open-client.js';
import { type Age, age, type MeshOptions } from './options.js';
import { print, printJson, printTable } from './output.js';
import { formatBytes } from './progress/text.js';

export interface PruneOptions extends MeshOptions {
  readonly olderThan: Age;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Records of commands that left nothing in the store go by themselves after this time. */
const KEPT = age('30d');
const ROUND = age('1d');
const MARK = 'pruned';

function summary(jobs: readonly PrunedJob[], dryRun: boolean): string {
  const bytes = jobs.reduce((sum, job) => sum + job.bytes, 0);
  const stored = jobs.reduce((sum, job) => sum + job.storedArtifacts, 0);
  const verb = dryRun ? 'would remove' : 'removed';
  return `${verb} ${jobs.length} jobs and ${stored} stored artifacts: ${bytes} bytes (${formatBytes(BigInt(bytes))})`;
}

/** Removes finished jobs and says which, and how many bytes that were. */
export async function pruneJobs({ olderThan, dryRun, json, ...options }: PruneOptions): Promise<void> {
  const client = await openLocal(options, []);
  try {
    const endedBefore = new Date(Date.now() - olderThan.ms);
    const jobs = await client.prune({ endedBefore, sparing: false, dryRun: dryRun === true });
    if (json === true) {
      printJson({ dryRun: dryRun === true, jobs });
      return;
    }
    if (jobs.length > 0) {
      printTable(
        ['NAME', 'KIND', 'METHOD', 'ENDED', 'STORED', 'BYTES'],
        jobs.map(({ name, kind, method, endTime, storedArtifacts, bytes }) => [
          ...[name, kind, method, endTime.toISOString()],
          ...[String(storedArtifacts), String(bytes)],
        ]),
      );
    }
    print(summary(jobs, dryRun === true));
  } finally {
    await client.close();
  }
}

/**
 * Once a day, forgets jobs of commands that ended long ago and whose artifacts, if any, went elsewhere. Nothing that a user made is
 * removed.
 */
export async function forgetOldJobs(client: LocalJobs, dataFolder: string, now = Date.now()): Promise<void> {
  const mark = join(dataFolder, MARK);
  const last = await stat(mark).catch(() => undefined);
  if (last !== undefined && now - last.mtimeMs < ROUND.ms) return;
  await writeFile(mark, '');
  await client.prune({ endedBefore: new Date(now - KEPT.ms), sparing: true, dryRun: false });
}
