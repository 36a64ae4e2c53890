import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { analysis } from '@eigenloom/contracts';
import { type EngineContext, setBackend } from '@eigenloom/engine';
import { randomNormals, SafetensorsWriter, streamKey } from '@eigenloom/numeric';
import type { DimensionInput } from '../intrinsic/setting.js';
import dimensionWorker from '../intrinsic/worker.js';
import { planAnalysis } from '../plan.js';

const TINY_BERT = resolve(__dirname, '../../../../tests/golden/models/tiny-bert-classifier');
const { signal } = new AbortController();

// The worker's module runs in this thread: what is compiled may be older.
jest.mock('@eigenloom/engine', () => ({
  ...jest.requireActual<object>('@eigenloom/engine'),
  runOnEngine: (_path: string, input: DimensionInput, { signal: own, onProgress }: Options) =>
    dimensionWorker(input, { signal: own, report: onProgress } as EngineContext),
}));
interface Options {
  readonly signal: AbortSignal;
  readonly onProgress: EngineContext['report'];
}

let folder: string;
let features: string;
let texts: string;
beforeAll(async () => {
  await setBackend('native');
  folder = await mkdtemp(join(tmpdir(), 'intrinsic-'));
  features = join(folder, 'features.safetensors');
  texts = join(folder, 'texts.jsonl');
  await writeFeatures(features);
  const lines = Array.from({ length: 24 }, (_, i) => {
    const words = Array.from(
      { length: 4 },
      (_word, j) => `w${(i % 2 === 1 ? 33 : 3) + ((i * 7 + j * 11) % 28)}`,
    );
    return JSON.stringify({ text: words.join(' '), label: i % 2 === 1 ? 'spam' : 'ham' });
  });
  await writeFile(texts, lines.join('\n'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Three classes around centres that are as far from each other as they are wide. */
async function writeFeatures(path: string): Promise<void> {
  const draw = (part: string, rows: number): { values: Float32Array; labels: Int32Array } => {
    const noise = randomNormals(streamKey(5n, part), rows * 8, 1);
    const labels = Int32Array.from({ length: rows }, (_, row) => row % 3);
    return { values: noise.map((value, i) => value + (i % 8 === labels[Math.floor(i / 8)] ? 3 : 0)), labels };
  };
  const parts = { '': draw('train', 150), test_: draw('test', 90) };
  const writer = await SafetensorsWriter.create(
    path,
    Object.entries(parts).flatMap(([prefix, { labels }]) => [
      { name: `${prefix}features`, dtype: 'F32' as const, shape: [labels.length, 8] },
      { name: `${prefix}labels`, dtype: 'I32' as const, shape: [labels.length] },
    ]),
  );
  for (const [prefix, { values, labels }] of Object.entries(parts)) {
    await writer.write(`${prefix}features`, values);
    await writer.write(`${prefix}labels`, new Uint8Array(labels.buffer));
  }
  await writer.finish();
}

const open = (parameters: object) =>
  planAnalysis(
    {
      study: {
        kind: { $case: 'intrinsicDimension', value: analysis.IntrinsicDimension.fromPartial(parameters) },
      },
    },
    { signal, resolve: (uri: string) => Promise.resolve(uri) },
  );

async function run(parameters: object, own = signal, seed = 1n) {
  const { method, study } = await open(parameters);
  const fractions: number[] = [];
  const findings = await study.run({
    ...{ method, seed, signal: own },
    progress: ({ fraction }) => fractions.push(fraction ?? 0),
  });
  return { ...findings, fractions, files: await study.files() };
}

const SMALL = { hidden: [16], steps: 80, dimensions: [1, 2, 4, 8, 16, 32, 64], learningRate: 0.01 };

test.each(['PROJECTION_FASTFOOD', 'PROJECTION_SPARSE', 'PROJECTION_DENSE'] as const)(
  '%s: finds the dimension below which the score is not reached, with a row for each run',
  async (name) => {
    const projection = analysis.projectionFromJSON(name);
    const { report, fractions } = await run({ ...SMALL, data: { uri: features }, projection });
    const { d90 = null, full_score: full, parameters, target, runs } = report.metrics;
    expect(parameters).toBe(8 * 16 + 16 + 16 * 3 + 3);
    expect(full).toBeGreaterThan(0.9);
    expect(target).toBeCloseTo(0.9 * (full ?? NaN), 12);
    const rows = report.tables[0]?.rows ?? [];
    expect(rows).toHaveLength(runs ?? 0);
    expect(rows[0]).toMatchObject({ dimensions: null, accuracy: full });
    for (const { dimensions, accuracy, reached } of rows.slice(1)) {
      expect(reached).toBe(Number(accuracy) >= (target ?? NaN));
      expect(reached).toBe(Number(dimensions) >= (d90 ?? Infinity));
    }
    expect(d90).toBeGreaterThan(1);
    expect(d90).toBeLessThanOrEqual(64);
    expect(Math.max(...fractions)).toBeLessThanOrEqual(1);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  },
);

test('follows from the seed; a score that is given is not measured, and one that is never reached is null', async () => {
  const parameters = {
    ...SMALL,
    data: { uri: features },
    steps: 5,
    dimensions: [2, 4],
    fullScore: 1,
    threshold: 1,
  };
  const first = await run(parameters);
  expect((await run(parameters)).report).toEqual(first.report);
  expect((await run(parameters, signal, 2n)).report.tables).not.toEqual(first.report.tables);
  expect(first.report.metrics).toMatchObject({ d100: null, full_score: 1, runs: 2 });
  expect(first.report.verdicts[0]?.held).toBe(false);
});

test('a model becomes a text classifier, with a factor for each layer', async () => {
  const data = { uri: texts };
  const parameters = {
    ...{ model: { uri: TINY_BERT }, data, testData: data, steps: 80, dimensions: [16, 256] },
    batching: { maxLength: 32 },
  };
  const { report, files } = await run({ ...parameters, structureAware: true, learningRate: 5e-3 });
  // Embeddings, two layers and the head.
  expect(report.notes[0]).toContain('a factor for each of 4 layers');
  expect(report.metrics['d90']).toBeLessThanOrEqual(256);
  expect([...files.keys()]).toEqual(
    expect.arrayContaining(['model/config.json', 'data/texts.jsonl', 'test_data/texts.jsonl']),
  );
  const anew = await run({ ...parameters, randomWeights: true, steps: 1, fullScore: 0.5 });
  expect(anew.report.tables[0]?.rows).not.toEqual(report.tables[0]?.rows);
});

test('stops between two steps', async () => {
  const controller = new AbortController();
  const running = run({ ...SMALL, data: { uri: features }, steps: 1e6 }, controller.signal);
  setTimeout(() => {
    controller.abort();
  }, 100);
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
});

describe('refuses, with the field', () => {
  const data = { uri: 'FEATURES' };
  test.each([
    ['no data', {}, 'FIELD_MISSING', 'intrinsic_dimension.data: names no data'],
    [
      'texts that are not tested',
      { model: { uri: TINY_BERT }, data: { uri: 'TEXTS' } },
      'FIELD_MISSING',
      'test_data',
    ],
    ['random weights of no model', { data, randomWeights: true }, 'FIELD_UNUSED', 'random_weights'],
    ['a test file beside features', { data, testData: data }, 'FIELD_UNUSED', 'test_data'],
    ['hidden layers of a model', { model: { uri: TINY_BERT }, data, hidden: [3] }, 'FIELD_UNUSED', 'hidden'],
    [
      'dimensions that do not ascend',
      { data, dimensions: [4, 4] },
      'OUT_OF_RANGE',
      'dimensions: 4 follows 4',
    ],
    ['a threshold of 0', { data, threshold: 0 }, 'OUT_OF_RANGE', 'threshold'],
    ['a threshold above 1', { data, threshold: 1.1 }, 'OUT_OF_RANGE', 'threshold'],
    ['no steps', { data, steps: 0 }, 'OUT_OF_RANGE', 'steps'],
    ['a layer without width', { data, hidden: [4, 0] }, 'OUT_OF_RANGE', 'hidden'],
    ['a projection that is none', { data, projection: 9 }, 'UNKNOWN_VALUE', 'projection'],
    ['texts in the place of features', { data: { uri: 'TEXTS' } }, 'CORRUPT_SAFETENSORS', 'data.uri ("'],
  ] as [string, Record<string, unknown>, string, string][])('%s', async (_, parameters, reason, message) => {
    const real = JSON.parse(
      JSON.stringify(parameters).replaceAll('FEATURES', features).replaceAll('TEXTS', texts),
    ) as object;
    await expect(open(real)).rejects.toMatchObject({
      reason,
      message: expect.stringContaining(message) as string,
    });
  });

  test.each([
    [
      'more dimensions than weights',
      { dimensions: [2, 5000] },
      'dimensions: 5000 is more than the 195 weights',
    ],
    [
      'no dimension beside the factors',
      { structureAware: true, dimensions: [2, 9] },
      'dimensions: 2 leaves no',
    ],
  ])('%s, once the weights are known', async (_, parameters, message) => {
    await expect(run({ ...SMALL, data: { uri: features }, ...parameters })).rejects.toMatchObject({
      reason: 'OUT_OF_RANGE',
      message: expect.stringContaining(`intrinsic_dimension.${message}`) as string,
    });
  });
});
