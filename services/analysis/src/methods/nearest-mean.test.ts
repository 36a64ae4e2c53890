import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { analysis } from '@eigenloom/contracts';
import { SafetensorsFile, SafetensorsWriter } from '@eigenloom/numeric';
import type { Report } from '@eigenloom/report';
import { planAnalysis } from '../plan.js';

const GOLDEN = resolve(__dirname, '../../../../tests/golden/nearest-mean');
const FEATURES = join(GOLDEN, 'features.safetensors');
const { signal } = new AbortController();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nearest-mean-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Parameters {
  readonly data?: { readonly uri: string; readonly limit?: number; readonly textField?: string };
  readonly previousUri?: string;
  readonly normalize?: boolean;
  readonly distance?: analysis.MeanDistance;
}

const open = (parameters: Parameters) =>
  planAnalysis(
    { study: { kind: { $case: 'nearestMean', value: analysis.NearestMean.fromPartial({ ...parameters }) } } },
    { signal, resolve: (uri: string) => Promise.resolve(uri) },
  );

/** The report, and the path of the sums where `name` says how to call their folder. */
async function run(
  parameters: Parameters,
  name?: string,
): Promise<{ report: Omit<Report, 'method' | 'paper'>; sums: string }> {
  const { method, study } = await open(parameters);
  const findings = await study.run({ method, seed: 1n, signal, progress: () => undefined });
  const { report } = findings;
  if (name === undefined) return { report, sums: '' };
  const own = await mkdtemp(join(folder, name));
  await findings.write?.(own);
  return { report, sums: join(own, 'class_sums.safetensors') };
}

const DISTANCES = { euclidean: analysis.MeanDistance.UNSPECIFIED, cosine: analysis.MeanDistance.COSINE };

interface Expected {
  readonly normalize: boolean;
  readonly distance: keyof typeof DISTANCES;
  readonly accuracy: number;
  readonly confusion: readonly (readonly [label: number, predicted: number, count: number])[];
}

const expected = async (): Promise<Expected[]> =>
  JSON.parse(await readFile(join(GOLDEN, 'expected.json'), 'utf8')) as Expected[];

test('predictions are those of NumPy, and of NearestCentroid without normalisation', async () => {
  for (const { normalize, distance, accuracy, confusion } of await expected()) {
    const { report } = await run({ data: { uri: FEATURES }, normalize, distance: DISTANCES[distance] });
    expect(report.metrics).toMatchObject({ accuracy, classes: 5, learned: 60, tested: 84 });
    const rows = report.tables.find(({ id }) => id === 'confusion')?.rows ?? [];
    expect(rows.map(({ label, predicted, count }) => [label, predicted, count])).toEqual(confusion);
  }
});

test('a class that was not seen is never predicted, and counts as wrong', async () => {
  const { report } = await run({ data: { uri: FEATURES } });
  const classes = report.tables.find(({ id }) => id === 'classes')?.rows ?? [];
  expect(classes.map(({ label }) => label)).toEqual([0, 2, 3, 5, 8, 9]);
  expect(classes.at(-1)).toEqual({ label: 9, seen: 0, tested: 4, correct: 0, accuracy: 0 });
});

/** Some of the golden examples, in the order of `rows`. */
async function part(name: string, rows: readonly number[]): Promise<string> {
  const file = await SafetensorsFile.open(FEATURES);
  const features = await file.read('features', 'f32');
  const labels = new BigInt64Array((await file.read('labels', 'raw')).slice().buffer);
  const path = join(folder, `${name}.safetensors`);
  const writer = await SafetensorsWriter.create(path, [
    { name: 'features', dtype: 'F32', shape: [rows.length, 6] },
    { name: 'labels', dtype: 'I64', shape: [rows.length] },
  ]);
  await writer.write(
    'features',
    Float32Array.from(rows.flatMap((row) => [...features.slice(6 * row, 6 * row + 6)])),
  );
  const kept = BigInt64Array.from(rows, (row) => labels[row] ?? 0n);
  await writer.write('labels', new Uint8Array(kept.buffer));
  await writer.finish();
  return path;
}

test('tasks one after another, in any order, end with the sums of all examples at once', async () => {
  const all = await SafetensorsFile.open((await run({ data: { uri: FEATURES } }, 'all')).sums);
  const order = Array.from({ length: 60 }, (_, i) => (i * 37) % 60);
  let previousUri = '';
  for (const [task, from] of [0, 1, 25].entries()) {
    const uri = await part(`task-${task}`, order.slice(from, [1, 25, 60][task]));
    previousUri = (await run({ data: { uri }, previousUri }, `task-${task}`)).sums;
  }
  const added = await SafetensorsFile.open(previousUri);
  expect(await added.read('counts', 'f64')).toEqual(await all.read('counts', 'f64'));
  const [sums, once] = [await added.read('sums', 'f64'), await all.read('sums', 'f64')];
  expect(Math.max(...sums.map((value, i) => Math.abs(value - (once[i] ?? NaN))))).toBeLessThan(1e-12);
});

test('the limit is of what is learned, and lineage names what was read', async () => {
  const { sums } = await run({ data: { uri: FEATURES } }, 'lineage');
  const { report } = await run({ data: { uri: FEATURES, limit: 10 }, previousUri: sums });
  expect(report.metrics).toMatchObject({ learned: 10, tested: 84 });
  const { study } = await open({ data: { uri: FEATURES }, previousUri: sums });
  expect([...(await study.files())]).toEqual([
    ['data/features.safetensors', FEATURES],
    ['previous/class_sums.safetensors', sums],
  ]);
});

describe('refuses, with the field', () => {
  test.each([
    ['no data', {}, 'FIELD_MISSING', 'nearest_mean.data: '],
    [
      'a text field',
      { data: { uri: FEATURES, textField: 'x' } },
      'FIELD_UNUSED',
      'nearest_mean.data.text_field',
    ],
    [
      'a distance that is none',
      { data: { uri: FEATURES }, distance: 9 },
      'UNKNOWN_VALUE',
      'nearest_mean.distance',
    ],
    [
      'sums in the place of features',
      { data: { uri: 'SUMS' } },
      'ARRAY_MISSING',
      'nearest_mean.data.uri ("SUMS"): class_sums.safetensors has no tensor "features"; it has "',
    ],
    [
      'features in the place of sums',
      { data: { uri: FEATURES }, previousUri: FEATURES },
      'ARRAY_MISSING',
      `nearest_mean.previous_uri ("${FEATURES}"): features.safetensors has no tensor "sums"`,
    ],
    [
      'sums of features that were scaled',
      { data: { uri: FEATURES }, previousUri: 'SUMS', normalize: false },
      'SUMS_DIFFER',
      'has normalize: true, and this run has normalize: false',
    ],
  ] as [string, Parameters, string, string][])('%s', async (_, parameters, reason, message) => {
    const { sums } = await run({ data: { uri: FEATURES } }, 'refused');
    const real = (uri: string): string => uri.replace('SUMS', sums);
    const { data, previousUri } = parameters;
    const asked = {
      ...parameters,
      ...(data && { data: { ...data, uri: real(data.uri) } }),
      ...(previousUri !== undefined && { previousUri: real(previousUri) }),
    };
    await expect(open(asked)).rejects.toMatchObject({
      reason,
      message: expect.stringContaining(real(message)) as string,
    });
  });
});
