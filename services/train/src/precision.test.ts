import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { train } from '@eigenloom/contracts';
import {
  contextIn,
  newFolder,
  requestOf,
  runReport,
  TINY_BERT,
  writeExamples,
  writeTinyAdapter,
} from './testing/tiny-runs.js';
import { trainKind } from './kind.js';

const MODULES = [0, 1].flatMap((i) =>
  ['query', 'value'].map((name) => `bert.encoder.layer.${i}.attention.self.${name}`),
);

let folder: string;
let request: (name: string, changes?: object) => train.TrainRequest;
beforeAll(async () => {
  folder = await newFolder();
  const data = await writeExamples(folder, 'train.jsonl', 60);
  const validation = await writeExamples(folder, 'validation.jsonl', 20, 60);
  const adapter = await writeTinyAdapter(folder, TINY_BERT, MODULES);
  request = (name, changes = {}) =>
    requestOf({
      ...{ seed: '7', outputUri: join(folder, name), model: { uri: TINY_BERT }, trainData: { uri: data } },
      ...{ adapter: { uri: adapter, dropout: 0.1 }, sequenceClassification: {} },
      ...{ optimizer: { learningRate: 0.02 }, schedule: { warmupSteps: 3 } },
      ...{ batching: { batchSize: 8, maxLength: 128 }, validationData: { uri: validation }, maxSteps: 30 },
      ...{ evalSteps: 10, checkpointSteps: 4, keepBest: true, ...changes },
    });
});
afterAll(() => rm(folder, { recursive: true }));

const bytesOf = async (path: string): Promise<(readonly [string, string])[]> =>
  Promise.all(
    (await readdir(path))
      .sort()
      .map(async (name) => [name, await readFile(join(path, name), 'base64')] as const),
  );

describe('products of bfloat16', () => {
  it('change the losses a little, repeat to the byte, and are on the card', async () => {
    const half = { precision: 'PRECISION_BF16' };
    const runs = [request('exact'), request('half', half), request('again', half)];
    for (const run of runs) await trainKind.run(run, contextIn(await mkdtemp(join(folder, 'scratch-'))));
    const [exact, rounded] = [await runReport(join(folder, 'exact')), await runReport(join(folder, 'half'))];
    expect(exact.losses).not.toEqual(rounded.losses);
    exact.losses.forEach((loss, step) => {
      expect(Math.abs(loss - (rounded.losses[step] ?? NaN))).toBeLessThan(0.05 * loss);
    });
    expect(await bytesOf(join(folder, 'again'))).toEqual(await bytesOf(join(folder, 'half')));
    expect(await readFile(join(folder, 'half', 'README.md'), 'utf8')).toContain(
      '| Precision | products of bf16 |',
    );
  });

  it('are refused where the backend has none', async () => {
    const run = request('webgpu', { precision: 'PRECISION_BF16', backend: 'BACKEND_WEBGPU' });
    await expect(trainKind.validate(run, contextIn(folder))).rejects.toMatchObject({
      message: expect.stringContaining('precision: backend webgpu computes in f32') as string,
    });
  });
});
