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
  const analysis = stored('analysis', { result: artifact(12_003), metrics: {} });
  expect(analysis.result?.fileCount).toBe(12_003);
});

test('two artifacts of 9 000 files', () => {
  const response = {
    ...init.InitAdapterResponse.fromJSON({}),
    ...{ adapter: artifact(9_000), residual: artifact(9_000), metrics: { modules: 18_000 } },
  };
  const found = stored('init', response);
  expect([found.adapter?.fileCount, found.residual?.fileCount]).toEqual([9_000, 9_000]);
  expect(found.residual?.files.length).toBeGreaterThan(500);
  expect(found.metrics).toEqual({ modules: 18_000 });
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
    metrics: { loss: 1.5 },
    steps: 3,
  };
  expect(stored('train', response)).toEqual(response);
});
