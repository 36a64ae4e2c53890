import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MergeJob, type MergeSource, SafetensorsFile } from '@eigenloom/numeric';

import type { ModelParameters } from '../steps/method-facts.js';
import { newFolder } from '../testing/job-context.js';
import { methodFromJson } from '../testing/method-from-json.js';
import { writeModel } from '../testing/synthetic-model.js';

const [ROWS, COLUMNS] = [400, 1000];
const N = ROWS * COLUMNS;

let folder: string;
let base: MergeSource;
let ones: MergeSource;
let ramps: MergeSource;
const source = async (name: string, value: (i: number) => number): Promise<MergeSource> => {
  const values = Float32Array.from({ length: N }, (_, i) => value(i));
  const path = await writeModel(join(folder, name), { w: { shape: [ROWS, COLUMNS], values } });
  return { file: await SafetensorsFile.open(join(path, 'model.safetensors')), name: 'w', pairs: [] };
};
beforeAll(async () => {
  folder = await newFolder();
  base = await source('zeros', () => 0);
  ones = await source('ones', () => 1);
  // Magnitudes 1 to 1000 in each row, in another order and with another sign from row to row.
  ramps = await source('ramps', (i) => {
    const column = (i * 7 + Math.floor(i / COLUMNS)) % COLUMNS;
    return (i % 2 ? -1 : 1) * (1 + column);
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Draw {
  readonly mode?: 'paper' | 'mergekit';
  readonly seed?: bigint;
  readonly name?: string;
  readonly parameters?: Partial<ModelParameters>;
}

function merged(
  method: object,
  models: readonly MergeSource[],
  { mode = 'paper', seed = 1n, name = 'w', parameters }: Draw = {},
): Promise<Float32Array> {
  const steps = methodFromJson(method).mergeTensor({
    name,
    statistics: false,
    shape: [ROWS, COLUMNS],
    elements: N,
    models: models.map(() => ({ weight: 1, ...parameters })),
    mode,
  });
  return MergeJob.toMemory({ name, models, base, steps, seed });
}

const share = (values: Float32Array): number =>
  values.reduce((n, x) => n + (x === 0 ? 0 : 1), 0) / values.length;
const total = (values: Float32Array): number => values.reduce((sum, x) => sum + Math.abs(x), 0);
/** Four standard deviations of the share of n draws of probability p. */
const four = (p: number, n: number): number => 4 * Math.sqrt((p * (1 - p)) / n);

describe.each(['dare_linear', 'dare_ties'])('%s', (id) => {
  test.each([0.05, 0.3, 0.9])('keeps a share of %p and divides by it', async (density) => {
    const values = await merged({ [id]: { density } }, [ones]);
    expect(Math.abs(share(values) - density)).toBeLessThan(four(density, N));
    expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / Math.fround(density))]));
  });

  test('matches the L1 norm in the mode of mergekit', async () => {
    const values = await merged({ [id]: { density: 0.3 } }, [ramps], { mode: 'mergekit' });
    expect(Math.abs(share(values) - 0.3)).toBeLessThan(four(0.3, N));
    // Each row holds 1 to 1000.
    expect(total(values) / ((ROWS * COLUMNS * (COLUMNS + 1)) / 2)).toBeCloseTo(1, 6);
  });

  test('without rescaling what stays is as it was', async () => {
    const values = await merged({ [id]: { density: 0.3, rescale: false } }, [ones]);
    expect(new Set(values)).toEqual(new Set([0, 1]));
  });

  test('the density of a model goes before that of the method', async () => {
    const parameters = { density: 0.7 };
    const values = await merged({ [id]: { density: 0.1 } }, [ones], { parameters });
    expect(Math.abs(share(values) - 0.7)).toBeLessThan(four(0.7, N));
  });
});

test('models, tensors and seeds draw independently', async () => {
  const method = { dare_linear: { density: 0.5, rescale: false } };
  const first = await merged(method, [ones]);
  for (const other of [
    await merged(method, [ones], { seed: 2n }),
    await merged(method, [ones], { seed: 1n << 40n }),
    await merged(method, [ones], { name: 'other' }),
    // Of two models: the sum is 2 where both stay.
    (await merged(method, [ones, ones])).map((x, i) => x - (first[i] ?? 0)),
  ]) {
    const both = other.reduce((n, x, i) => n + (x === 1 && first[i] === 1 ? 1 : 0), 0) / N;
    expect(Math.abs(both - 0.25)).toBeLessThan(four(0.25, N));
  }
  expect(await merged(method, [ones])).toEqual(first);
});

describe.each(['della', 'della_linear'])('%s', (id) => {
  // Half the width of the probabilities: ε/2 in the paper, ε in mergekit.
  test.each([
    ['paper', 0.1],
    ['mergekit', 0.2],
  ] as const)('keeps by the rank in the row as %s says', async (mode, spread) => {
    const density = 0.5;
    const method = { [id]: { density, epsilon: 0.2, rescale: false } };
    const values = await merged(method, [ramps], { mode });
    const original = await ramps.file.read('w', 'f32');
    const kept = new Float64Array(10);
    values.forEach((x, i) => {
      const decile = Math.floor((Math.abs(original[i] ?? 0) - 1) / 100);
      if (x !== 0) kept[decile] = (kept[decile] ?? 0) + 1;
    });
    const n = N / 10;
    kept.forEach((number, decile) => {
      // The mean over ranks 100·d to 100·d + 99 of density − spread + 2·spread·rank/999.
      const expected = density - spread + (2 * spread * (100 * decile + 49.5)) / 999;
      expect(Math.abs(number / n - expected)).toBeLessThan(four(expected, n));
    });
  });

  test('divides by the probability as the paper says', async () => {
    const density = 0.5;
    const values = await merged({ [id]: { density, epsilon: 0.2 } }, [ramps]);
    const original = await ramps.file.read('w', 'f32');
    values.forEach((x, i) => {
      const before = original[i] ?? 0;
      const probability = 0.4 + (0.2 * (Math.abs(before) - 1)) / 999;
      if (x !== 0 && Math.abs(x / before - 1 / probability) > 1e-6) throw new Error(`element ${i}: ${x}`);
    });
    expect(share(values)).toBeGreaterThan(0.4);
  });

  test('matches the L1 norm in the mode of mergekit', async () => {
    const values = await merged({ [id]: { density: 0.5 } }, [ramps], { mode: 'mergekit' });
    expect(total(values) / ((ROWS * COLUMNS * (COLUMNS + 1)) / 2)).toBeCloseTo(1, 6);
  });

  test('probabilities beyond 0 or 1 are refused', () => {
    const method = methodFromJson({ [id]: { density: 0.9 } });
    expect(() => {
      method.check([{ weight: 1 }]);
    }).toThrow(/reaches beyond/);
    expect(() => {
      method.check([{ weight: 1, density: 0.5 }]);
    }).not.toThrow();
  });
});

describe.each([
  'ties',
  'dare_linear',
  'dare_ties',
  'della',
  'della_linear',
  'breadcrumbs',
  'breadcrumbs_ties',
])('%s', (id) => {
  test.each(['paper', 'mergekit'] as const)('leaves the base at a density of 0: %s', async (mode) => {
    const values = await merged({ [id]: {} }, [ramps], { mode, parameters: { density: 0 } });
    expect(values.every((x) => x === 0)).toBe(true);
  });
});

test.each([
  [1e-9, 1],
  [2.5 / N, 2],
])('ties keeps one element at least: density %p keeps %p', async (density, kept) => {
  const values = await merged({ ties: { density } }, [ramps]);
  expect(values.filter((x) => x !== 0)).toHaveLength(kept);
});
