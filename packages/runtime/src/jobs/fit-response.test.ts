import { type common, init, jobs, merge, pipeline, train } from '@eigenloom/contracts';
import { contractOf, type KindName, type ResponseOf } from './contract-of.js';
import { fitResponse } from './fit-response.js';
import { encodeRecord, type JobRecord } from './record.js';
import { succeeded } from './transitions.js';

const artifact = (files: number): common.Artifact => ({
  uri: 'job:x',
  digest: 'd'.repeat(64),
  fileCount: files,
  files: Array.from({ length: files }, (_, i) => ({
    path: `model-${String(i + 1).padStart(5, '0')}-of-12000.safetensors`,
    sizeBytes: 5_000_000_000n,
    sha256: 'a'.repeat(64),
  })),
});
const modulePath = (i: number): string =>
  `base_model.model.model.layers.${String(i)}.mlp.experts.127.down_proj`;

/** The record of a job whose request is as large as it may be, and that made this response. */
function stored<K extends KindName>(kind: K, response: ResponseOf[K]): ResponseOf[K] {
  const record = {
    id: 'x',
    kind,
    request: Buffer.alloc(256 * 1024).toString('base64'),
    needs: [],
    children: [],
  };
  const fitted = fitResponse(kind, response);
  const bytes = contractOf(kind).response.encode(fitted).finish();
  // Throws where it is too large.
  encodeRecord(succeeded({ ...record, state: jobs.JobState.RUNNING } as unknown as JobRecord, bytes));
  return contractOf(kind).response.decode(bytes);
}

test('12 000 shards: the first are named, all are counted', () => {
  const response = { ...merge.MergeResponse.fromJSON({}), model: artifact(12_003) };
  const { model } = stored('merge', response);
  expect(model?.fileCount).toBe(12_003);
  expect(model?.files.length).toBeGreaterThan(500);
  expect(model?.files[0]).toEqual(response.model.files[0]);
  const analysis = stored('analysis', { result: artifact(12_003), tensors: 1, skipped: 0, intruders: 0 });
  expect(analysis.result?.fileCount).toBe(12_003);
});

test('18 000 modules of an adapter', () => {
  const modules = Array.from({ length: 18_000 }, (_, i) => ({
    module: modulePath(i),
    rank: 8,
    norm: 1.5,
    error: 0.1,
  }));
  const merged = stored('merge', { ...merge.MergeResponse.fromJSON({}), model: artifact(3), modules });
  expect(merged.modules.length).toBeGreaterThan(1_000);
  expect(merged.modules).toEqual(modules.slice(0, merged.modules.length));
  const ranks = Object.fromEntries(modules.map(({ module: path }) => [path, 8]));
  const response = {
    ...init.InitAdapterResponse.fromJSON({}),
    adapter: artifact(9_000),
    residual: artifact(9_000),
    ranks,
  };
  expect(Object.keys(stored('init', response).ranks).length).toBeGreaterThan(1_000);
});

test('250 000 losses and evaluations: every k-th, the best and the last', () => {
  const steps = 250_000;
  const evaluations = Array.from({ length: steps }, (_, i) => ({ step: i + 1, loss: i, accuracy: 0.5 }));
  const response = {
    ...train.TrainResponse.fromJSON({}),
    ...{ artifact: artifact(9_000), steps, bestStep: 777, evaluations },
    losses: Array.from({ length: steps }, (_, i) => i),
  };
  const found = stored('train', response);
  // 250 000 / 20 000 = 12.5, so every thirteenth from the first.
  expect(found.losses).toEqual(response.losses.filter((_, i) => i % 13 === 0));
  expect(found.evaluations.map(({ step }) => step).slice(0, 2)).toEqual([1, 126]);
  expect(found.evaluations.some(({ step }) => step === 777)).toBe(true);
  expect(found.evaluations.at(-1)?.step).toBe(steps);
});

test('a pipeline of 256 steps of 9 000 files', () => {
  const steps = Array.from({ length: 256 }, (_, i) => ({
    ...pipeline.StepResult.fromJSON({}),
    ...{ id: `step-${String(i)}`, artifact: artifact(9_000), residual: artifact(9_000) },
  }));
  const found = stored('pipeline', { steps });
  expect(found.steps.map((step) => step.artifact?.fileCount)).toEqual(steps.map(() => 9_000));
});

test('what fits stays as it is', () => {
  const response = {
    ...train.TrainResponse.fromJSON({}),
    artifact: artifact(3),
    losses: [3, 2, 1],
    steps: 3,
  };
  expect(stored('train', response)).toEqual(response);
});
