import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { train } from '@eigenloom/contracts';
import { missingBackend } from '@eigenloom/engine';
import { addSoftwareGpu } from '@eigenloom/engine/dist/testing/software-gpu.js';
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

addSoftwareGpu();

const STEPS = 8;
// A loss of about 0.7 is a mean of logarithms in float32, each backend within a few 2^-24 of the true one; 20 steps were at most 1.8e-7
// apart. Another dropout mask, learning rate or gradient moves the losses by more than 1e-3.
const TOLERANCE = 5e-6;

let folder: string;
let data: { trainData: object; validationData: object };
let adapter: string;
beforeAll(async () => {
  folder = await newFolder();
  data = {
    trainData: { uri: await writeExamples(folder, 'train.jsonl', 60) },
    validationData: { uri: await writeExamples(folder, 'validation.jsonl', 20, 60) },
  };
  const modules = [0, 1].flatMap((i) =>
    ['query', 'value'].map((name) => `bert.encoder.layer.${i}.attention.self.${name}`),
  );
  adapter = await writeTinyAdapter(folder, TINY_BERT, modules);
});
afterAll(() => rm(folder, { recursive: true }));

let runs = 0;
async function losses(backend: string, method: object): Promise<number[]> {
  const where = join(folder, `run-${++runs}`);
  await mkdir(where);
  const request: train.TrainRequest = requestOf({
    seed: '7',
    backend,
    outputUri: join(where, 'out'),
    model: { uri: TINY_BERT },
    ...data,
    ...method,
    sequenceClassification: {},
    batching: { batchSize: 8 },
    maxSteps: STEPS,
    evalSteps: STEPS / 2,
  });
  await trainKind.run(request, contextIn(where));
  const { losses: training, evaluations } = await runReport(request.outputUri);
  return [...training, ...evaluations.map(({ loss }) => loss)];
}

const METHODS = [
  [
    'an adapter with dropout',
    () => ({ adapter: { uri: adapter, dropout: 0.1 }, optimizer: { learningRate: 0.02 } }),
  ],
  ['all weights', () => ({ full: {}, optimizer: { learningRate: 3e-3 } })],
] as const;

describe.each(['tensorflow', 'webgpu'] as const)('training on %s', (backend) => {
  const missing = missingBackend(backend);
  if (missing !== null) {
    test.skip(`skipped: ${missing}`, () => undefined);
    return;
  }

  it.each(METHODS)('%s: every loss is that of native', async (_name, method) => {
    const expected = await losses('BACKEND_NATIVE', method());
    const actual = await losses(`BACKEND_${backend.toUpperCase()}`, method());
    expect(actual).toHaveLength(STEPS + 2);
    const worst = Math.max(...actual.map((loss, i) => Math.abs(loss - (expected[i] ?? NaN))));
    expect(worst).toBeLessThan(TOLERANCE);
  });
});

it.each([
  ['BACKEND_TENSORFLOW', 'EIGENLOOM_TENSORFLOW'],
  ['BACKEND_WEBGPU', 'EIGENLOOM_WEBGPU'],
])(
  '%s runs on that backend alone: without it there is no training',
  async (backend, setting) => {
    const before = process.env[setting];
    process.env[setting] = join(folder, 'nothing');
    try {
      await expect(losses(backend, { full: {} })).rejects.toMatchObject({ reason: 'BACKEND_UNAVAILABLE' });
    } finally {
      if (before === undefined) Reflect.deleteProperty(process.env, setting);
      else process.env[setting] = before;
    }
  },
  120_000,
);
