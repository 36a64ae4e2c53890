import type { LocalJobs, PruneOptions } from '@eigenloom/runtime';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forgetOldJobs } from './prune-jobs.js';

const DAY_MS = 86_400_000;

test('old jobs are forgotten once a day, sparing what a user made', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-forget-'));
  const calls: PruneOptions[] = [];
  const client = {
    prune: (options: PruneOptions) => {
      calls.push(options);
      return Promise.resolve([]);
    },
  } as unknown as LocalJobs;
  try {
    const now = Date.now();
    await forgetOldJobs(client, folder, now);
    expect(calls).toEqual([{ endedBefore: new Date(now - 30 * DAY_MS), sparing: true, dryRun: false }]);
    await forgetOldJobs(client, folder, now + DAY_MS / 2);
    expect(calls).toHaveLength(1);
    await forgetOldJobs(client, folder, now + 2 * DAY_MS);
    expect(calls).toHaveLength(2);
  } finally {
    await rm(folder, { recursive: true });
  }
});
