import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MergeSource } from '@eigenloom/numeric';

import { columnBytes, isMatrix, largeMatrixNotes, spectralBytes } from '../steps/task-matrices.js';
import { newFolder } from '../testing/job-context.js';
import { distance, mergeValues, sourceOf } from '../testing/merge-values.js';
import { normal, plus, type SyntheticTensor } from '../testing/synthetic-model.js';

interface Case {
  readonly shape: readonly number[];
  readonly base: readonly number[];
  readonly models: readonly (readonly number[])[];
  readonly results: Readonly<Record<string, readonly number[]>>;
}

/** What FusionBench and the authors' KnOTS make of the same matrices in float64; generate.py beside it makes the file. */
const GOLDEN = join(__dirname, '../../../../tests/golden/fusion-bench/matrices.json');
const CASES = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Readonly<Record<string, Case>>;
const SETTINGS: Readonly<Record<string, object>> = {
  tsv_merge: { tsv_merge: { lambda: 0.7 } },
  iso_c: { iso_c: { lambda: 0.7 } },
  iso_cts: { iso_cts: { lambda: 0.7 } },
  knots_ties: { knots_ties: { lambda: 0.7 } },
  knots_ties_sparse: { knots_ties: { lambda: 0.7, density: 0.3 } },
  wudi: { wudi: {} },
  svc: { svc: { lambda: 0.7 } },
  svc_weak: { svc: { lambda: 0.7, alpha: 0.1 } },
  opcm: { opcm: {} },
  magmax: { magmax: { lambda: 0.7 } },
  consensus: { consensus: { lambda: 0.7 } },
  emr: { emr: {} },
};

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const tensorOf = (shape: readonly number[], values: readonly number[]): SyntheticTensor => ({
  shape,
  values: Float32Array.from(values),
});

describe.each(Object.entries(CASES))('a %s matrix', (_, { shape, base, models, results }) => {
  test.each(Object.entries(results))('%s gives the values of the reference', async (name, expected) => {
    const sources = await Promise.all(models.map((values) => sourceOf(folder, tensorOf(shape, values))));
    const of = await sourceOf(folder, tensorOf(shape, base));
    const merged = await mergeValues(SETTINGS[name] ?? {}, shape, sources, of);
    // Rounding of f32, once in the task vectors and once in the result.
    expect(distance(expected, merged)).toBeLessThan(3e-7);
  });
});

/** XᵀX of the rows of X. */
function gramOf(x: Float32Array, width: number): Float64Array {
  const gram = new Float64Array(width * width);
  for (let row = 0; row < x.length; row += width) {
    for (let i = 0; i < width; i += 1) {
      for (let j = 0; j < width; j += 1) gram[i * width + j]! += x[row + i]! * x[row + j]!;
    }
  }
  return gram;
}

describe('properties that the papers state', () => {
  const shape = [30, 70];
  const zero: SyntheticTensor = { shape, values: new Float32Array(2100) };
  let base: MergeSource;
  let deltas: SyntheticTensor[];
  let models: MergeSource[];
  beforeAll(async () => {
    base = await sourceOf(folder, zero);
    deltas = await Promise.all([1n, 2n, 3n].map((stream) => normal(shape, stream)));
    models = await Promise.all(deltas.map((delta) => sourceOf(folder, delta)));
  });
  const merge = (method: object, of = models): Promise<Float32Array> => mergeValues(method, shape, of, base);

  /** XXᵀ, (30, 30). */
  const outer = (x: Float32Array): number[] =>
    Array.from({ length: 900 }, (_, at) => {
      const [i, j] = [Math.floor(at / 30), at % 30];
      let sum = 0;
      for (let k = 0; k < 70; k += 1) sum += x[i * 70 + k]! * x[j * 70 + k]!;
      return sum;
    });

  test.each([{ iso_c: {} }, { iso_cts: {} }])('%j: all singular values are equal', async (method) => {
    const gram = outer(await merge(method));
    const square = gram[0]!;
    gram.forEach((value, at) => {
      expect(Math.abs(value / square - (at % 31 === 0 ? 1 : 0))).toBeLessThan(1e-5);
    });
  });

  test('one task alone stays as it is, where all of it is kept', async () => {
    for (const method of [{ tsv_merge: {} }, { knots_ties: {} }, { svc: {} }, { opcm: {} }, { wudi: {} }]) {
      expect(distance(deltas[0]!.values, await merge(method, models.slice(0, 1)))).toBeLessThan(1e-6);
    }
  });

  test('svc undoes that the same task is counted three times', async () => {
    const same = [models[0]!, models[0]!, models[0]!];
    expect(distance(deltas[0]!.values, await merge({ svc: {} }, same))).toBeLessThan(1e-6);
  });

  test('opcm: the second task has no part in the dominant space of the first', async () => {
    // All singular values but the last are dominant, so what is added is orthogonal to the first task.
    const merged = await merge({ opcm: { alpha: 0.999 } }, models.slice(0, 2));
    const first = deltas[0]!.values;
    const dot = (x: Float32Array): number => first.reduce((sum, value, i) => sum + value * x[i]!, 0);
    const length = (x: Float32Array): number => Math.hypot(...x);
    const mean = (length(first) + length(deltas[1]!.values)) / 2;
    expect(Math.abs(length(merged) / mean - 1)).toBeLessThan(1e-6);
    // Merged is c·(first + rest) with rest orthogonal to first: ⟨first, merged⟩ = c·‖first‖².
    const c = dot(merged) / dot(first);
    const rest = merged.map((value, i) => value / c - first[i]!);
    expect(Math.abs(dot(rest)) / (length(rest) * length(first))).toBeLessThan(1e-6);
    expect(length(rest)).toBeGreaterThan(1);
  });

  test('task matrices of low rank give a result in their directions only', async () => {
    // Rank one, so iso_c has one singular value to set: the matrix does not change.
    const [u, v] = [await normal([30], 8n), await normal([70], 9n)];
    const values = Float32Array.from(
      { length: 2100 },
      (_, at) => u.values[Math.floor(at / 70)]! * v.values[at % 70]!,
    );
    const source = await sourceOf(folder, { shape, values });
    for (const method of [
      { iso_c: {} },
      { tsv_merge: {} },
      { iso_cts: {} },
      { knots_ties: {} },
      { svc: {} },
    ]) {
      expect(distance(values, await merge(method, [source]))).toBeLessThan(1e-6);
    }
  });

  test('wudi comes nearer to its minimum', async () => {
    const loss = (tau: Float32Array): number =>
      deltas.reduce((total, { values }) => {
        let sum = 0;
        for (let i = 0; i < 30; i += 1) {
          for (let j = 0; j < 30; j += 1) {
            let product = 0;
            for (let k = 0; k < 70; k += 1)
              product += (tau[i * 70 + k]! - values[i * 70 + k]!) * values[j * 70 + k]!;
            sum += product * product;
          }
        }
        return total + sum / Math.hypot(...values) ** 2;
      }, 0);
    const start = loss(plus(plus(deltas[0]!, deltas[1]!), deltas[2]!).values);
    const losses = await Promise.all(
      [10, 100].map(async (iterations) => loss(await merge({ wudi: { iterations, learning_rate: 1e-2 } }))),
    );
    expect(losses[0]).toBeLessThan(start);
    expect(losses[1]).toBeLessThan(losses[0]!);
  });
});

describe('matrices that are read in several panels', () => {
  /** Of four models, more vectors than one panel has, whichever side they lie on. */
  const [length, width] = [66_000, 16];
  let deltas: SyntheticTensor[];
  beforeAll(async () => {
    deltas = await Promise.all([1n, 2n, 3n, 4n].map((stream) => normal([length, width], stream)));
  });

  /** Rows as columns. */
  function transposed(values: Float32Array): Float32Array {
    const result = new Float32Array(values.length);
    for (let at = 0; at < values.length; at += 1) {
      result[(at % width) * length + Math.floor(at / width)] = values[at]!;
    }
    return result;
  }

  async function merge(method: object, turned: boolean): Promise<Float32Array> {
    const shape = turned ? [width, length] : [length, width];
    const models = deltas.map(({ values }) =>
      sourceOf(folder, { shape, values: turned ? transposed(values) : values }),
    );
    const base = sourceOf(folder, { shape, values: new Float32Array(length * width) });
    return mergeValues(method, shape, await Promise.all(models), await base);
  }

  test.each([{ tsv_merge: {} }, { iso_c: {} }, { opcm: {} }, { knots_ties: { density: 0.5 } }])(
    '%j: the transposed matrices give the transposed result',
    async (method) => {
      const tall = await merge(method, false);
      expect(distance(transposed(tall), await merge(method, true))).toBeLessThan(1e-6);
    },
  );

  test('wudi takes the steps of Adam', async () => {
    const h = new Float64Array(width * width);
    const grams = deltas.map(({ values }) => gramOf(values, width));
    const squares = deltas.map(({ values }) => values.reduce((sum, value) => sum + value * value, 0));
    grams.forEach((gram, i) => {
      gram.forEach((value, at) => (h[at]! += value / squares[i]!));
    });
    const rate = 0.01;
    const merged = await merge({ wudi: { iterations: 1, learning_rate: rate } }, false);
    let most = 0;
    for (let at = 0; at < length * width; at += 1) {
      const [row, column] = [Math.floor(at / width), at % width];
      let gradient = 0;
      for (let k = 0; k < width; k += 1) {
        const below = k * width + column;
        for (const [i, { values }] of deltas.entries()) {
          const value = values[row * width + k]!;
          gradient += 2 * value * (h[below]! - grams[i]![below]! / squares[i]!);
        }
      }
      const start = deltas.reduce((sum, { values }) => sum + values[at]!, 0);
      // The first step of Adam is rate · g / (|g| + 1e-8).
      const expected = start - (rate * gradient) / (Math.abs(gradient) + 1e-8);
      most = Math.max(most, Math.abs(merged[at]! - expected));
    }
    expect(most).toBeLessThan(1e-5);
  });
});

describe('matrices that are too large', () => {
  test('vectors and large matrices are merged as vectors, and the card says of which matrices', () => {
    expect(isMatrix([4096], spectralBytes)).toBe(false);
    expect(isMatrix([4096, 4096], spectralBytes)).toBe(true);
    expect(isMatrix([32_000, 8192], spectralBytes)).toBe(false);
    expect(isMatrix([32_000, 4096], spectralBytes)).toBe(true);
    expect(isMatrix([4096, 14_336], columnBytes)).toBe(false);
    const tensors = [
      { name: 'norm', shape: [1e9], merged: true },
      { name: 'small', shape: [8, 8], merged: true },
      { name: 'large', shape: [1e5, 1e4], merged: true },
      { name: 'counts', shape: [1e5, 1e4], merged: false },
    ];
    expect(largeMatrixNotes({ id: 'iso_c', matrixBytes: spectralBytes }, tensors)).toEqual([
      'Too large for iso_c and merged as vectors are: `large`',
    ]);
    expect(largeMatrixNotes({ id: 'linear' }, tensors)).toEqual([]);
  });
});
