import { merge, pipeline } from '@eigenloom/contracts';
import { AppError, invalidInput } from '@eigenloom/errors';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobsClient } from './client/jobs-client.js';
import { startEmbedded } from './embedded.js';
import type { JobKind } from './jobs/job-kind.js';

/** Concatenates the files that its models name; `lambda` is how many milliseconds it takes. */
const concatenate: JobKind<'merge'> = {
  kind: 'merge',
  methods: [{ id: 'linear', summary: 'joins files', paper: 'none' }],
  async validate(request, { resolve }) {
    if (request.method === undefined) throw invalidInput('METHOD_MISSING', 'method', 'must be set');
    for (const [i, { model }] of request.models.entries())
      await resolve(model?.uri ?? '', `models[${String(i)}].model.uri`);
  },
  estimate: () =>
    Promise.resolve({ durationSeconds: 1, memoryBytes: 2n, diskBytes: 3n, readBytes: 4n, notes: [] }),
  async run(request, context) {
    const ms = request.method?.$case === 'taskArithmetic' ? (request.method.value.lambda ?? 0) : 0;
    for (let t = 0; t < ms; t += 20) {
      context.progress({ fraction: t / ms, phase: 'waiting', metrics: { t } });
      await delay(20, undefined, { signal: context.signal });
    }
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

const requestOf = (uris: string[], ms = 0, more: Partial<merge.MergeRequest> = {}): merge.MergeRequest => ({
  ...merge.MergeRequest.fromPartial({
    models: uris.map((uri) => ({ model: { uri } })),
    method: { $case: 'taskArithmetic', value: { lambda: ms } },
  }),
  ...more,
});

/** Longer than any test waits. */
const ENDLESS_MS = 3_600_000;

describe('embedded runtime', () => {
  let folder: string;
  let runtime: JobsClient;
  const start = (): Promise<JobsClient> =>
    startEmbedded({
      kinds: [concatenate],
      dataFolder: join(folder, 'data'),
      roots: [folder],
      progressMs: 20,
      sweepMs: 50,
    });

  beforeEach(async () => {
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
    const { name } = await runtime.submit('merge', requestOf([a(), b()], 200));
    const percents: number[] = [];
    let last = 0n;
    for await (const update of runtime.watch(name)) {
      expect(update.revision).toBeGreaterThan(last);
      last = update.revision;
      percents.push(update.metadata.progress?.percent ?? 0);
    }
    expect(percents.length).toBeGreaterThan(3);
    expect(percents).toEqual([...percents].sort((x, y) => x - y));
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
    const request = requestOf([a()], 50, { requestId: 'same' });
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
    const { name } = await runtime.submit('merge', requestOf([a()], 60_000, { outputUri: `file:${target}` }));
    for await (const update of runtime.watch(name)) if (update.metadata.progress) break;
    await runtime.cancel(name);
    await runtime.cancel(name);
    const done = await runtime.wait(name);
    expect(done.metadata.state).toBe('JOB_STATE_CANCELLED');
    expect(done.error?.kind).toBe('CANCELLED');
    await expect(readFile(target)).rejects.toThrow('ENOENT');
  });

  it('goes on with an unfinished job after a stop', async () => {
    const { name } = await runtime.submit('merge', requestOf([a()], 300));
    for await (const update of runtime.watch(name)) if (update.metadata.progress) break;
    await runtime.close();
    runtime = await start();
    const done = await runtime.wait(name);
    expect(done.metadata.state).toBe('JOB_STATE_SUCCEEDED');
    expect(done.metadata.attempt).toBe(2);
  });

  it('shares its folder: each runtime does its own jobs, sees, reads and cancels those of the other', async () => {
    const other = await start();
    try {
      const { name } = await runtime.submit('merge', requestOf([a()], ENDLESS_MS));
      for await (const update of other.watch(name)) if (update.metadata.progress) break;
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
    const view = await runtime.submit('merge', requestOf([a()], 0, { validateOnly: true }));
    expect(view).toMatchObject({ name: '', done: true, estimate: { diskBytes: 3n } });
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
