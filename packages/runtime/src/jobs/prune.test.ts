import { common, jobs, merge, pipeline } from '@eigenloom/contracts';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Homes } from '../homes/homes.js';
import { FolderStore } from '../kv/folder-store.js';
import { JobStore } from './job-store.js';
import { newRecord } from './new-record.js';
import { prune, type PruneOptions } from './prune.js';
import { encodeRecord, type JobRecord } from './record.js';
import { StoredArtifacts } from './stored-artifacts.js';

const LONG_AGO = '2020-01-01T00:00:00.000Z';
const YESTERDAY = new Date(Date.now() - 86_400_000);
const ALL: PruneOptions = { endedBefore: YESTERDAY, sparing: false, dryRun: false };

describe('pruning', () => {
  let folder: string;
  let kv: FolderStore;
  let store: JobStore;
  let homes: Homes;
  let artifacts: StoredArtifacts;
  let command: string;
  let service: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eigenloom-prune-'));
    kv = await FolderStore.open(join(folder, 'records'));
    store = new JobStore(kv);
    artifacts = new StoredArtifacts(folder, []);
    const dead = await Promise.all([Homes.open(folder, 'command'), Homes.open(folder, 'service')]);
    [command = '', service = ''] = dead.map(({ own }) => own);
    await Promise.all(dead.map((each) => each.close()));
    homes = await Homes.open(folder, 'command');
  });
  afterEach(async () => {
    await homes.close();
    await kv.close();
    await rm(folder, { recursive: true });
  });

  const add = async (id: string, more: Partial<JobRecord> = {}, uris: string[] = []): Promise<JobRecord> => {
    const request = merge.MergeRequest.fromPartial({ models: uris.map((uri) => ({ model: { uri } })) });
    const done = { state: jobs.JobState.SUCCEEDED, endTime: LONG_AGO, home: command };
    const record = newRecord('merge', request, { id, ...done, ...more });
    await store.create(record);
    return record;
  };
  const storeArtifact = async (name: string, bytes: number): Promise<void> => {
    await mkdir(join(folder, 'artifacts', name, 'sub'), { recursive: true });
    await writeFile(join(folder, 'artifacts', name, 'sub', 'w'), Buffer.alloc(bytes));
  };
  const run = async (options: Partial<PruneOptions> = {}): Promise<string[]> =>
    (await prune({ store, artifacts, homes }, { ...ALL, ...options })).map(({ name }) => name).sort();
  const kept = async (): Promise<string[]> => (await store.list('', Infinity)).map(({ record }) => record.id);

  it('removes what ended before, with its artifacts in the store, and says how many bytes', async () => {
    const record = await add('old');
    await storeArtifact('old', 1000);
    await storeArtifact('old.residual', 234);
    await storeArtifact('older', 5);
    await add('new', { endTime: new Date().toISOString() });
    const pruned = await prune({ store, artifacts, homes }, ALL);
    expect(pruned).toEqual([
      {
        name: 'operations/old',
        kind: 'merge',
        method: '',
        endTime: new Date(LONG_AGO),
        bytes: 1234 + encodeRecord(record).byteLength,
        storedArtifacts: 2,
      },
    ]);
    expect(await kept()).toEqual(['new']);
    expect(existsSync(join(folder, 'artifacts/old'))).toBe(false);
    expect(existsSync(join(folder, 'artifacts/older'))).toBe(true);
  });

  it('changes nothing in a dry run', async () => {
    await add('old');
    await storeArtifact('old', 10);
    expect(await run({ dryRun: true })).toEqual(['operations/old']);
    expect(await kept()).toEqual(['old']);
    expect(existsSync(join(folder, 'artifacts/old/sub/w'))).toBe(true);
  });

  it('spares by itself what only the store holds, and what clients of a service may ask for', async () => {
    await add('outside');
    await add('stored');
    await storeArtifact('stored', 1);
    await add('served', { home: service });
    expect(await run({ sparing: true })).toEqual(['operations/outside']);
    expect(await kept()).toEqual(['served', 'stored']);
    expect(await run()).toEqual(['operations/served', 'operations/stored']);
  });

  it('keeps what is not done, what such a job reads, and what a living command has yet to show', async () => {
    await add('read');
    await add('part');
    await add('running', { state: jobs.JobState.RUNNING, endTime: '' }, [
      'job:read',
      'job:operations/part/x',
    ]);
    await add('shown-next', { home: homes.own });
    await add('free', {}, ['job:gone']);
    expect(await run()).toEqual(['operations/free']);
  });

  it('takes steps with their pipeline, and not before it', async () => {
    const step = { parent: 'p', stepId: 'one' };
    await add('p-one', step);
    const request = pipeline.RunPipelineRequest.fromPartial({});
    const parent = newRecord('pipeline', request, { id: 'p', home: command, children: ['p-one'] });
    const stored = await store.create({ ...parent, state: jobs.JobState.WAITING });
    await add('orphan-one', { parent: 'orphan', stepId: 'one' });
    expect(await run()).toEqual(['operations/orphan-one']);
    expect(stored).toBeDefined();
    await store.update('p', (r) => ({ ...r, state: jobs.JobState.FAILED, endTime: LONG_AGO }));
    expect(await run()).toEqual(['operations/p', 'operations/p-one']);
  });

  it('needs no response that this version can read', async () => {
    await add('old', {
      response: Buffer.from(common.Artifact.encode(common.Artifact.create()).finish()).toString('base64'),
    });
    expect(await run()).toEqual(['operations/old']);
  });
});
