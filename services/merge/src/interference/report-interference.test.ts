import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { merge } from '@eigenloom/contracts';
import type { JobContext } from '@eigenloom/runtime';

import { mergeKind } from '../kind.js';
import {
  type CountingContext,
  contextIn,
  countingIn,
  model,
  newFolder,
  requestOf,
} from '../testing/job-context.js';
import { type SyntheticTensors, plus, writeModel, normals } from '../testing/synthetic-model.js';
import type { Inflation, Measures } from './measures.js';

const SHAPES = { matrix: [40, 70], vector: [1001], wide: [2, 40_000] };
const MODELS = 3;
const DENSITY = 0.3;

let folder: string;
let base: SyntheticTensors;
let tuned: SyntheticTensors[];
beforeAll(async () => {
  folder = await newFolder();
  base = await normals(SHAPES, 0n, 1);
  await writeModel(join(folder, 'base'), base);
  tuned = [];
  for (let i = 0; i < MODELS; i += 1) {
    const delta = await normals(SHAPES, BigInt(10 * (i + 1)), 0.1);
    // Every third element stays as it was.
    const sparse = Object.entries(delta).map(
      ([name, { shape, values }]) =>
        [name, plus(base[name]!, { shape, values: values.map((v, at) => (at % 3 === i ? 0 : v)) })] as const,
    );
    tuned.push(Object.fromEntries(sparse));
    await writeModel(join(folder, `m${i}`), tuned[i]!);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Report {
  readonly models: number;
  readonly density: number;
  readonly total: Measures & Inflation;
  readonly tensors: readonly (Measures & Partial<Inflation> & { readonly name: string })[];
}

const counting = (): CountingContext => countingIn(folder);

let count = 0;
async function run(
  method: object,
  context: JobContext = counting(),
): Promise<{ report: Report; response: merge.MergeResponse; card: string }> {
  const outputUri = join(folder, `out-${(count += 1)}`);
  const request = requestOf({
    models: Array.from({ length: MODELS }, (_, i) => model(join(folder, `m${i}`))),
    base: { uri: join(folder, 'base'), adapters: [] },
    outputUri,
    method: merge.MergeMethod.fromJSON(method),
    reportInterference: { density: DENSITY },
  });
  await mergeKind.validate(request, context);
  const response = await mergeKind.run(request, context);
  const text = await readFile(join(outputUri, 'interference.json'), 'utf8');
  const card = await readFile(join(outputUri, 'README.md'), 'utf8');
  return { report: JSON.parse(text) as Report, response, card };
}

/** τ in f32, as the core subtracts. */
const deltaOf = (i: number, name: string): Float32Array =>
  tuned[i]![name]!.values.map((value, at) => value - base[name]!.values[at]!);

/** The definition, in f64: sorting instead of histograms. */
function direct(name: string): {
  conflict: number;
  kept: number;
  cosine: number[][];
  overlap: number[][];
} {
  const deltas = Array.from({ length: MODELS }, (_, i) => deltaOf(i, name));
  const supports = deltas.map((delta) => {
    const order = Array.from(delta.keys()).sort((x, y) => Math.abs(delta[y]!) - Math.abs(delta[x]!) || x - y);
    return new Set(order.slice(0, Math.floor(DENSITY * delta.length)).filter((at) => delta[at] !== 0));
  });
  const conflicts = (value: (i: number, at: number) => number): number => {
    let [changed, conflicting] = [0, 0];
    for (let at = 0; at < deltas[0]!.length; at += 1) {
      const signs = deltas.map((_, i) => Math.sign(value(i, at)));
      if (signs.some((sign) => sign !== 0)) changed += 1;
      if (signs.includes(1) && signs.includes(-1)) conflicting += 1;
    }
    return conflicting / changed;
  };
  const dot = (x: Float32Array, y: Float32Array): number =>
    x.reduce((sum, value, at) => sum + value * y[at]!, 0);
  return {
    conflict: conflicts((i, at) => deltas[i]![at]!),
    kept: conflicts((i, at) => (supports[i]!.has(at) ? deltas[i]![at]! : 0)),
    cosine: deltas.map((x) => deltas.map((y) => dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y)))),
    overlap: supports.map((x) =>
      supports.map((y) => [...x].filter((at) => y.has(at)).length / Math.min(x.size, y.size)),
    ),
  };
}

/** The largest singular value and the Frobenius norm, by power iteration on the Gram matrix of the rows. */
function topSingularValue(values: Float32Array, rows: number): number {
  const columns = values.length / rows;
  let v = new Float64Array(columns).fill(1);
  let norm = 0;
  for (let step = 0; step < 3000; step += 1) {
    const u = Float64Array.from({ length: rows }, (_, row) =>
      v.reduce((sum, x, column) => sum + x * values[row * columns + column]!, 0),
    );
    const next = new Float64Array(columns);
    u.forEach((x, row) => {
      next.forEach((_, column) => (next[column]! += x * values[row * columns + column]!));
    });
    norm = Math.sqrt(next.reduce((sum, x) => sum + x * x, 0));
    v = next.map((x) => x / norm);
  }
  return Math.sqrt(norm);
}

test('shares, overlaps and cosines are those of the definition', async () => {
  const context = counting();
  const { report, response, card } = await run({ task_arithmetic: {} }, context);
  expect(context.computed).toBe(1);
  expect([report.models, report.density]).toEqual([MODELS, DENSITY]);
  expect(report.tensors.map(({ name }) => name).sort()).toEqual(Object.keys(SHAPES).sort());
  let [cosines, conflicts, elements] = [0, 0, 0];
  for (const found of report.tensors) {
    const expected = direct(found.name);
    // Counts are exact.
    expect(found.conflict_share).toBe(expected.conflict);
    expect(found.support_conflict_share).toBe(expected.kept);
    expect(found.support_overlap).toEqual(expected.overlap);
    expected.cosine.flat().forEach((cosine, pair) => {
      expect(found.cosines.flat()[pair]).toBeCloseTo(cosine, 6);
    });
    cosines += found.elements * found.cosines[0]![1]!;
    conflicts += found.elements * found.conflict_share!;
    elements += found.elements;
  }
  // All changed nearly everywhere by as much, so the totals are nearly the means over the elements.
  expect(report.total.elements).toBe(elements);
  expect(report.total.cosines[0]![1]).toBeCloseTo(cosines / elements, 2);
  expect(report.total.conflict_share).toBeCloseTo(conflicts / elements, 2);
  const { metrics } = response;
  expect(metrics).toMatchObject({
    compared_tensors: 3,
    compared_matrices: 2,
    conflict_share: report.total.conflict_share,
  });
  const pairs = [report.total.cosines[0]![1]!, report.total.cosines[0]![2]!, report.total.cosines[1]![2]!];
  expect(metrics['mean_cosine']).toBeCloseTo(pairs.reduce((sum, value) => sum + value) / 3, 12);
  expect(card).toContain('Interference of the task vectors over 3 tensors');
});

test('singular values are compared with the mean of the models, and one model three times inflates them by three', async () => {
  const { report } = await run({ task_arithmetic: { lambda: 1 } });
  const found = report.tensors.find(({ name }) => name === 'matrix')!;
  const deltas = Array.from({ length: MODELS }, (_, i) => deltaOf(i, 'matrix'));
  const sum = deltas[0]!.map((_, at) => deltas.reduce((total, delta) => total + delta[at]!, 0));
  const mean = deltas.reduce((total, delta) => total + topSingularValue(delta, 40), 0) / MODELS;
  expect(found.top_inflation).toBeCloseTo(topSingularValue(sum, 40) / mean, 4);
  expect(report.tensors.find(({ name }) => name === 'vector')).not.toHaveProperty('top_inflation');

  const context = counting();
  const request = requestOf({
    models: [0, 0, 0].map((i) => model(join(folder, `m${i}`))),
    base: { uri: join(folder, 'base'), adapters: [] },
    outputUri: join(folder, 'thrice'),
    method: merge.MergeMethod.fromJSON({ task_arithmetic: {} }),
    reportInterference: {},
  });
  const { metrics } = await mergeKind.run(request, context);
  expect(metrics['top_inflation']).toBeCloseTo(3, 5);
  expect(metrics['nuclear_inflation']).toBeCloseTo(3, 5);
  expect(metrics).toMatchObject({ conflict_share: 0, support_conflict_share: 0, support_overlap: 1 });
  expect(metrics['mean_cosine']).toBeCloseTo(1, 12);
});

test('task vectors are compared once, whatever they are merged by', async () => {
  const { report } = await run({ task_arithmetic: { lambda: 0.3 } });
  const other = counting();
  const again = await run({ ties: { density: 0.5 } }, other);
  expect(other.computed).toBe(0);
  expect(again.report.total.cosines).toEqual(report.total.cosines);
  expect(again.report.total.top_inflation).not.toBe(report.total.top_inflation);
});

test.each<[string, Partial<merge.MergeRequest>, string]>([
  ['without a base', { base: undefined, method: { kind: { $case: 'linear', value: {} } } }, 'base'],
  ['of one model', { models: [model('m0')] }, 'report_interference'],
  ['with a density of 0', { reportInterference: { density: 0 } }, 'report_interference.density'],
])('a report %s is refused before anything runs', async (_, change, field) => {
  const context = { ...contextIn(folder), resolve: (uri: string) => Promise.resolve(join(folder, uri)) };
  const request = requestOf({
    models: [model('m0'), model('m1')],
    base: { uri: 'base', adapters: [] },
    method: merge.MergeMethod.fromJSON({ task_arithmetic: {} }),
    reportInterference: {},
    ...change,
  });
  await expect(mergeKind.validate(request, context)).rejects.toMatchObject({
    kind: 'INVALID_INPUT',
    message: expect.stringContaining(`${field}: `) as string,
  });
});
