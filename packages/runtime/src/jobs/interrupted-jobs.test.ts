import { merge, pipeline } from '@eigenloom/contracts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedBus } from '../bus/embedded-bus.js';
import { Homes, type Role } from '../homes/homes.js';
import { FolderStore } from '../kv/folder-store.js';
import { InterruptedJobs } from './interrupted-jobs.js';
import { JobStore } from './job-store.js';
import { newRecord } from './new-record.js';
import type { JobRecord } from './record.js';
import * as to from './transitions.js';

const request = merge.MergeRequest.fromPartial({ models: [{ model: { uri: 'file:/a' } }] });

describe('interrupted jobs', () => {
  let folder: string;
  let kv: FolderStore;
  let store: JobStore;
  const open: Homes[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eigenloom-interrupted-'));
    kv = await FolderStore.open(join(folder, 'records'));
    store = new JobStore(kv);
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((homes) => homes.close()));
    await kv.close();
    await rm(folder, { recursive: true });
  });
  const processOf = async (role: Role): Promise<{ homes: Homes; interrupted: InterruptedJobs }> => {
    const homes = await Homes.open(folder, role);
    open.push(homes);
    return { homes, interrupted: new InterruptedJobs(homes, store, new EmbeddedBus()) };
  };
  /** A running job of a process that has died since. */
  const left = async (role: Role, more: Partial<JobRecord> = {}): Promise<JobRecord> => {
    const { homes } = await processOf(role);
    const record = to.started(newRecord('merge', request, { home: homes.own, ...more }), 'owner', 1000);
    await store.create(record);
    await homes.close();
    return record;
  };

  it.each([
    ['service', 'service', true],
    ['service', 'command', false],
    ['command', 'service', false],
    ['command', 'command', false],
  ] as const)('of a %s: a %s goes on with them unasked: %s', async (role, by, unasked) => {
    const record = await left(role);
    const { interrupted } = await processOf(by);
    expect(await interrupted.includes(record)).toBe(true);
    expect(await interrupted.takesOver(record)).toBe(unasked);
    const goesOn = interrupted.assertGoesOn(record);
    if (unasked) await goesOn;
    else {
      await expect(goesOn).rejects.toMatchObject({
        reason: 'JOB_INTERRUPTED',
        message: expect.stringContaining(`eigenloom jobs resume ${record.id}`) as string,
      });
    }
  });

  it('of an earlier version, which noted no home, are taken over by a service', async () => {
    const record = to.started(newRecord('merge', request), 'owner', 1000);
    expect(await (await processOf('service')).interrupted.takesOver(record)).toBe(true);
    expect(await (await processOf('command')).interrupted.includes(record)).toBe(true);
  });

  it('are queued again under their new home; only one process gets them', async () => {
    const { id } = await left('command');
    const [a, b] = [await processOf('command'), await processOf('command')];
    const results = await Promise.allSettled([a.interrupted.resume(id), b.interrupted.resume(id)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: {
        reason: 'JOB_RUNS_ELSEWHERE',
        message: expect.stringContaining(String(process.pid)) as string,
      },
    });
    const { record } = await store.get(id);
    expect([a.homes.own, b.homes.own]).toContain(record.home);
    expect(record).toMatchObject({ state: 'JOB_STATE_QUEUED', attempt: 1 });
    expect(record.lease).toBeUndefined();
  });

  it('end when they were cancelled, and are not offered', async () => {
    const record = await left('command', { cancelRequested: true });
    const { interrupted } = await processOf('command');
    expect(await interrupted.unfinished('merge')).toEqual([]);
    expect(await interrupted.takesOver(record)).toBe(true);
    expect((await interrupted.takeOver(record.id)).record.state).toBe('JOB_STATE_CANCELLED');
    await expect(interrupted.resume(record.id)).rejects.toMatchObject({ reason: 'JOB_DONE' });
  });

  it('of a pipeline go with its steps, whichever of them is named', async () => {
    const step = await left('command', { id: 'p-one', parent: 'p', stepId: 'one' });
    const { home } = step;
    await store.create({
      ...newRecord('pipeline', pipeline.RunPipelineRequest.fromPartial({}), { id: 'p', children: ['p-one'] }),
      ...(home !== undefined && { home }),
    });
    const { homes, interrupted } = await processOf('command');
    expect((await interrupted.unfinished('pipeline')).map(({ record }) => record.id)).toEqual(['p']);
    expect(await interrupted.unfinished('merge')).toEqual([]);
    expect((await interrupted.resume('p-one')).record.id).toBe('p');
    for (const id of ['p', 'p-one']) expect((await store.get(id)).record.home).toBe(homes.own);
    expect((await store.get('p-one')).record.state).toBe('JOB_STATE_QUEUED');
  });
});
