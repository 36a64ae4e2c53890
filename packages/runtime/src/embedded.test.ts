import { merge, pipeline } from '@eigenloom/contracts';
import { AppError, invalidInput } from '@eigenloom/errors';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobsClient } from './client/jobs-client.js';
import { startEmbedded } from './embedded.js';
import type { JobContext, JobKind } from './jobs/job-kind.js';
import type { NodeTuning } from './node.js';

type Work = (context: JobContext) => Promise<unknown>;
const nothing: Work = () => Promise.resolve();
const untilStopped: Work = async ({ progress, signal }) => {
  progress({ fraction: 0, phase: 'waiting' });
  if (!signal.aborted) await once(signal, 'abort');
  signal.throwIfAborted();
};
/** What a job does first. */
let work = nothing;

/** Concatenates the files that its models name. */
const concatenate: JobKind<'merge'> = {
  kind: 'merge',
  methods: [{ id: 'linear', summary: 'joins files', paper: 'none', deviations: '', field: 'method' }],
  async validate(request, { resolve }) {
    if (request.method === undefined) throw invalidInput('METHOD_MISSING', 'method', 'must be set');
    for (const [i, { model }] of request.models.entries())
      await resolve(model?.uri ?? '', `models[${String(i)}].model.uri`);
  },
  estimate: () =>
    Promise.resolve({ durationSeconds: 1, memoryBytes: 2n, diskBytes: 3n, readBytes: 4n, notes: [] }),
  async run(request, context) {
    await work(context);
    const texts = await Promise.all(
      request.models.map(async ({ model }) => {
        const path = await context.resolve(model?.uri ?? '', 'models');
        return readFile(path.endsWith('.txt') ? path : join(path, 'all.txt'), 'utf8');
      }),
    );
    const artifact = await context.commit('', request.outputUri, { inputs: {} }, (staging) =>
      writeFile(join(staging, 'all.txt'), texts.join('')),
    );
    return merge.MergeResponse.fromPartial({ model: artifact });
  },
};

const requestOf = (uris: string[], more: Partial<merge.MergeRequest> = {}): merge.MergeRequest => ({
  ...merge.MergeRequest.fromPartial({
    models: uris.map((uri) => ({ model: { uri } })),
    method: { kind: { $case: 'linear', value: {} } },
  }),
  ...more,
});

describe('embedded runtime', () => {
  let folder: string;
  let runtime: JobsClient;
  const start = (tuning: NodeTuning = {}): Promise<JobsClient> =>
    startEmbedded({
      kinds: [concatenate],
      dataFolder: join(folder, 'data'),
      roots: [folder],
      progressMs: 20,
      sweepMs: 50,
      // No machine is slow enough to lose it.
      leaseMs: 3_600_000,
      ...tuning,
    });

  beforeEach(async () => {
    work = nothing;
    folder = await mkdtemp(join(tmpdir(), 'eigenloom-'));
    await writeFile(join(folder, 'a.txt'), 'a');
    await writeFile(join(folder, 'b.txt'), 'b');
    runtime = await start();
  });
  afterEach(async () => {
    await runtime.close();
    await rm(folder, { recursive: true });
  });
  const a = (): string => `file:${join(folder, 'a.txt')}`;
  const b = (): string => `file:${join(folder, 'b.txt')}`;

  it('runs a job, shows its progress and keeps its artifact', async () => {
    let goOn = (): void => undefined;
    work = async ({ progress }) => {
      for (const fraction of [0.25, 0.5, 0.75]) {
        const seen = new Promise<void>((resolve) => (goOn = resolve));
        progress({ fraction });
        await seen;
      }
    };
    const { name } = await runtime.submit('merge', requestOf([a(), b()]));
    const percents = [0];
    let last = 0n;
    for await (const update of runtime.watch(name)) {
      expect(update.revision).toBeGreaterThan(last);
      last = update.revision;
      const percent = update.metadata.progress?.percent ?? 0;
      if (percent === percents.at(-1)) continue;
      percents.push(percent);
      goOn();
    }
    expect(percents).toEqual([0, 25, 50, 75, 100]);
    const done = await runtime.get(name);
    expect(done.artifacts['']?.uri).toBe(`job:${name.slice('operations/'.length)}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of runtime.readFile(name, 'all.txt')) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('ab');
    // SHA-256 of "ab", by sha256sum.
    expect(done.artifacts['']?.files[0]?.sha256).toBe(
      'fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603',
    );
  });

  it('gives 50 duplicates of a request one operation, also after a restart, and refuses another body', async () => {
    const request = requestOf([a()], { requestId: 'same' });
    const names = await Promise.all(
      Array.from({ length: 50 }, async () => (await runtime.submit('merge', request)).name),
    );
    expect(new Set(names).size).toBe(1);
    const done = await runtime.wait(names[0]!);
    expect(done.metadata.attempt).toBe(1);
    await runtime.close();
    runtime = await start();
    expect((await runtime.submit('merge', request)).done).toBe(true);
    await expect(runtime.submit('merge', { ...request, seed: 1n })).rejects.toMatchObject({
      reason: 'REQUEST_ID_REUSED',
    });
  });

  it('cancels, twice, and leaves nothing', async () => {
    const target = join(folder, 'out');
    work = untilStopped;
    const { name } = await runtime.submit('merge', requestOf([a()], { outputUri: `file:${target}` }));
    for await (const update of runtime.watch(name)) if (update.metadata.progress) break;
    await runtime.cancel(name);
    await runtime.cancel(name);
    const done = await runtime.wait(name);
    expect(done.metadata.state).toBe('JOB_STATE_CANCELLED');
    expect(done.error?.kind).toBe('CANCELLED');
    await expect(readFile(target)).rejects.toThrow('ENOENT');
  });

  it('goes on with an unfinished job after a stop', async () => {
    work = untilStopped;
    const { name } = await runtime.submit('merge', requestOf([a()]));
    for await (const update of runtime.watch(name)) if (update.metadata.progress) break;
    await runtime.close();
    work = nothing;
    runtime = await start();
    const done = await runtime.wait(name);
    expect(done.metadata.state).toBe('JOB_STATE_SUCCEEDED');
    expect(done.metadata.attempt).toBe(2);
  });

  it('renews the lease of a job that reports nothing', async () => {
    await runtime.close();
    // The sweep looks at the start alone: on a machine that is slow enough it would find this lease stale.
    runtime = await start({ leaseMs: 40, sweepMs: 3_600_000 });
    let finish = (): void => undefined;
    work = () => new Promise<void>((resolve) => (finish = resolve));
    const { name } = await runtime.submit('merge', requestOf([a()]));
    let renewals = 0;
    for await (const { done, metadata } of runtime.watch(name)) {
      if (done || metadata.attempt === 0) continue;
      expect(metadata.progress).toBeUndefined();
      if ((renewals += 1) > 3) finish();
    }
    expect((await runtime.get(name)).metadata.attempt).toBe(1);
  });

  it('shares its folder: each runtime does its own jobs, sees, reads and cancels those of the other', async () => {
    const other = await start();
    try {
      work = untilStopped;
      const { name } = await runtime.submit('merge', requestOf([a()]));
      for await (const update of other.watch(name)) if (update.metadata.progress) break;
      work = nothing;
      const own = await other.wait((await other.submit('merge', requestOf([a(), b()]))).name);
      expect(own.metadata.attempt).toBe(1);
      const joined = await runtime.submit(
        'merge',
        requestOf([`job:${own.name.slice('operations/'.length)}`, a()]),
      );
      await other.cancel(name);
      expect((await runtime.wait(name)).metadata).toMatchObject({ state: 'JOB_STATE_CANCELLED', attempt: 1 });
      expect((await other.wait(joined.name)).error).toBeUndefined();
      const chunks: Uint8Array[] = [];
      for await (const chunk of other.readFile(joined.name, 'all.txt')) chunks.push(chunk);
      expect(Buffer.concat(chunks).toString()).toBe('aba');
    } finally {
      await other.close();
    }
  });

  it('estimates without running', async () => {
    const view = await runtime.submit('merge', requestOf([a()], { validateOnly: true }));
    expect(view).toMatchObject({ name: '', done: true, estimate: { diskBytes: 3n } });
  });

  it('names the steps of a pipeline that its estimate does not count', async () => {
    const step = (id: string, uris: string[]): pipeline.Step =>
      pipeline.Step.fromPartial({ id, request: { $case: 'merge', value: requestOf(uris) } });
    const estimateOf = (steps: pipeline.Step[]): Promise<unknown> =>
      runtime
        .submit('pipeline', pipeline.RunPipelineRequest.fromPartial({ steps, validateOnly: true }))
        .then(({ estimate }) => estimate);
    expect(await estimateOf([step('one', [a()]), step('two', ['step:one'])])).toMatchObject({
      diskBytes: 3n,
      notes: [expect.stringMatching(/^not counted, .*: "two"$/)],
    });
    expect(await estimateOf([step('one', [a()]), step('two', [b()])])).toMatchObject({
      diskBytes: 6n,
      notes: [],
    });
  });

  it('refuses a bad request by its field', async () => {
    await expect(runtime.submit('merge', requestOf(['file:/etc/passwd']))).rejects.toBeInstanceOf(AppError);
    await expect(runtime.submit('merge', requestOf(['file:/etc/passwd']))).rejects.toMatchObject({
      reason: 'URI_OUTSIDE_ROOTS',
      fieldViolations: [{ field: 'models[0].model.uri' }],
    });
  });

  it('runs a pipeline and publishes every step', async () => {
    const step = (id: string, uris: string[]): pipeline.Step =>
      pipeline.Step.fromPartial({ id, request: { $case: 'merge', value: requestOf(uris) } });
    const request = pipeline.RunPipelineRequest.fromPartial({
      steps: [
        step('last', ['step:two', 'step:one/all.txt']),
        step('two', ['step:one', b()]),
        step('one', [a(), b()]),
      ],
      outputUri: `file:${join(folder, 'out')}`,
    });
    const { name } = await runtime.submit('pipeline', request);
    const done = await runtime.wait(name);
    expect(done.error).toBeUndefined();
    expect(await readFile(join(folder, 'out/last/all.txt'), 'utf8')).toBe('abbab');
    const broken = await runtime.submit('pipeline', {
      ...request,
      outputUri: '',
      steps: [step('x', [a()]), step('y', ['step:x/none.txt']), step('z', ['step:y'])],
    });
    const end = await runtime.wait(broken.name);
    expect(end.error?.details.step).toBe('y');
    const z = await runtime.get(`${broken.name}-z`);
    expect(z.metadata.state).toBe('JOB_STATE_CANCELLED');
  });
});
