import { mapUris } from '@eigenloom/contracts';
import type { Homes } from '../homes/homes.js';
import type { Artifacts } from './artifacts.js';
import { contractOf } from './contract-of.js';
import type { JobStore } from './job-store.js';
import { encodeRecord, isTerminal, type JobRecord, operationName } from './record.js';

/** Which finished jobs go. */
export interface PruneOptions {
  readonly endedBefore: Date;
  /** Spares jobs with artifacts in the store, which nothing else holds, and those of services, whose clients may ask for them. */
  readonly sparing: boolean;
  /** Only says what would go. */
  readonly dryRun: boolean;
}

/** A job that went. */
export interface PrunedJob {
  /** `operations/ID`. */
  readonly name: string;
  readonly kind: string;
  readonly method: string;
  readonly endTime: Date;
  /** Of its record and of its artifacts in the store. */
  readonly bytes: number;
  readonly storedArtifacts: number;
}

/** What a data folder is made of, for pruning. */
export interface PruneParts {
  readonly store: JobStore;
  readonly artifacts: Artifacts;
  readonly homes: Homes;
}

const JOB_ID = /^job:(?:operations\/)?([A-Za-z0-9_-]+)/;

/** Ids of jobs whose artifacts a job reads. */
function readBy(record: JobRecord): string[] {
  const ids: string[] = [];
  const request = contractOf(record.kind).request.decode(Buffer.from(record.request, 'base64'));
  mapUris(request, [], (uri) => {
    const id = JOB_ID.exec(uri)?.[1];
    if (id !== undefined) ids.push(id);
    return uri;
  });
  return ids;
}

/**
 * Forgets finished jobs and removes their artifacts from the store; artifacts elsewhere stay. What an unfinished job reads stays, and
 * what a command has not shown yet. Steps go with their pipeline.
 */
export async function prune(parts: PruneParts, options: PruneOptions): Promise<PrunedJob[]> {
  const { store, artifacts, homes } = parts;
  const records = (await store.list('', Infinity)).map(({ record }) => record);
  const all = new Set(records.map(({ id }) => id));
  const needed = new Set(records.filter(({ state }) => !isTerminal(state)).flatMap(readBy));
  const pruned: PrunedJob[] = [];
  for (const record of records) {
    // Steps whose pipeline is gone go by themselves.
    if (record.parent !== undefined && all.has(record.parent)) continue;
    const family = [...records.filter(({ parent }) => parent === record.id), record];
    if (!family.every((each) => hasEnded(each, options.endedBefore) && !needed.has(each.id))) continue;
    const home = record.home === undefined ? undefined : homes.describe(record.home);
    if (home?.role === 'command' && (await homes.isAlive(record.home ?? ''))) continue;
    const sizes = await Promise.all(family.map(({ id }) => artifacts.sizeOf(id)));
    if (options.sparing && (home?.role === 'service' || sizes.some(({ stored }) => stored > 0))) continue;
    for (const [index, each] of family.entries()) {
      const { bytes = 0, stored = 0 } = sizes[index] ?? {};
      pruned.push({
        name: operationName(each.id),
        kind: each.kind,
        method: each.method,
        endTime: new Date(each.endTime ?? 0),
        bytes: bytes + encodeRecord(each).byteLength,
        storedArtifacts: stored,
      });
      if (options.dryRun) continue;
      await artifacts.remove(each.id);
      await store.delete(each.id);
    }
  }
  return pruned;
}

const hasEnded = ({ state, endTime }: JobRecord, before: Date): boolean =>
  isTerminal(state) && endTime !== undefined && Date.parse(endTime) <= before.getTime();
