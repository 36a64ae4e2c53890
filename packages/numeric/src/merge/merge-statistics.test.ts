import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SafetensorsFile } from '../checkpoint/safetensors-file.js';
import { SafetensorsWriter } from '../checkpoint/safetensors-writer.js';
import { randomNormal } from '../random.js';
import { MergeJob, type MergeSource } from './merge-job.js';
import type { MergeStep } from './merge-step.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'statistics-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Values {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

let count = 0;
async function fileOf(tensors: Readonly<Record<string, Values>>): Promise<SafetensorsFile> {
  const path = join(folder, `${(count += 1)}.safetensors`);
  const plans = Object.entries(tensors).map(([name, { shape }]) => ({ name, dtype: 'F32' as const, shape }));
  const writer = await SafetensorsWriter.create(path, plans, {}, { allowNonFinite: true });
  for (const [name, { values }] of Object.entries(tensors)) await writer.write(name, values);
  await writer.finish();
  return SafetensorsFile.open(path);
}

/** A model of one tensor, with its statistic. */
async function modelOf(w: Values, statistic?: Values): Promise<MergeSource> {
  const file = await fileOf({ w });
  const own = statistic === undefined ? undefined : await fileOf({ s: statistic });
  return {
    file,
    name: 'w',
    pairs: [],
    statistic: own === undefined ? undefined : { file: own, name: 's' },
  };
}

const merged = (models: readonly MergeSource[], step: MergeStep): Promise<Float32Array> =>
  MergeJob.toMemory({ name: 'w', models, steps: [step] });

const matrix = (shape: readonly number[], values: readonly number[]): Values => ({
  shape,
  values: Float32Array.from(values),
});

async function normal(shape: readonly number[], stream: bigint): Promise<Values> {
  const length = shape.reduce((product, size) => product * size, 1);
  return { shape, values: await randomNormal({ seed: 3n, stream, length, precision: 'f32' }) };
}

/** XᵀX/n of random inputs. */
async function gramOf(size: number, stream: bigint): Promise<Values> {
  const samples = 3 * size;
  const { values: x } = await normal([samples, size], stream);
  const gram = new Float32Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) {
      let sum = 0;
      for (let k = 0; k < samples; k += 1) sum += x[k * size + i]! * x[k * size + j]!;
      gram[i * size + j] = sum / samples;
    }
  }
  return { shape: [size, size], values: gram };
}

describe('fisher_mean', () => {
  test('weighs each element by its statistic', async () => {
    const models = [
      await modelOf(matrix([4], [1, 2, 3, 4]), matrix([4], [1, 0, 0, 2])),
      await modelOf(matrix([4], [5, 6, 7, 8]), matrix([4], [3, 1, 0, 2])),
    ];
    // w = (1, 2): (1·1·1 + 2·3·5)/7, 6, no statistic at all: (3 + 2·7)/3, (2·4 + 4·8)/6.
    const expected = Float32Array.of(31 / 7, 6, 17 / 3, 40 / 6);
    expect(await merged(models, { step: 'fisher_mean', weights: [1, 2] })).toEqual(expected);
    // A floor of 1: (1·2·1 + 2·4·5)/10, (1·2 + 4·6)/5, (3 + 2·7)/3, (3·4 + 6·8)/9.
    const floored = await merged(models, { step: 'fisher_mean', weights: [1, 2], floor: 1 });
    expect(floored).toEqual(Float32Array.of(4.2, 26 / 5, 17 / 3, 60 / 9));
  });

  test('a statistic that is negative, not finite, missing or of another size is refused', async () => {
    const step = { step: 'fisher_mean', weights: [1] } as const;
    const w = matrix([2], [1, 2]);
    for (const bad of [-1, NaN, Infinity]) {
      const models = [await modelOf(w, matrix([2], [1, bad]))];
      await expect(merged(models, step)).rejects.toMatchObject({ reason: 'OUT_OF_RANGE' });
    }
    for (const statistic of [undefined, matrix([3], [1, 1, 1])]) {
      await expect(merged([await modelOf(w, statistic)], step)).rejects.toMatchObject({
        reason: 'SHAPE_MISMATCH',
      });
    }
  });
});

describe('regmean', () => {
  const rule = (alpha: number, weights: readonly number[]): MergeStep => ({
    step: 'matrix',
    rule: { name: 'regmean', alpha, weights },
  });

  test.each([
    [5, 8],
    [40, 8],
    [1, 3],
  ])('%p × %p satisfies the normal equations', async (out, inputs) => {
    const alpha = 0.9;
    const weights = [1, 0.5, 2];
    const parts = await Promise.all(
      weights.map(async (_, i) => ({
        w: await normal([out, inputs], BigInt(10 + i)),
        g: await gramOf(inputs, BigInt(20 + i)),
      })),
    );
    const result = await merged(
      await Promise.all(parts.map(({ w, g }) => modelOf(w, g))),
      rule(alpha, weights),
    );
    // Σ wᵢ(W − Wᵢ)Ĝᵢ = 0, relative to the size of its terms.
    for (let row = 0; row < out; row += 1) {
      for (let column = 0; column < inputs; column += 1) {
        let residual = 0;
        let size = 0;
        for (const [i, { w, g }] of parts.entries()) {
          for (let k = 0; k < inputs; k += 1) {
            const own = g.values[k * inputs + column]! * (k === column ? 1 : alpha);
            const at = row * inputs + k;
            residual += weights[i]! * (result[at]! - w.values[at]!) * own;
            size += Math.abs(weights[i]! * w.values[at]! * own);
          }
        }
        expect(Math.abs(residual) / size).toBeLessThan(1e-6);
      }
    }
  });

  test('with the same statistic it is the mean, and without off-diagonals that weighted by the diagonal', async () => {
    const g = await gramOf(6, 1n);
    const [x, y] = [await normal([4, 6], 2n), await normal([4, 6], 3n)];
    const mean = await merged([await modelOf(x, g), await modelOf(y, g)], rule(0.7, [1, 3]));
    mean.forEach((value, i) => {
      expect(value).toBeCloseTo((x.values[i]! + 3 * y.values[i]!) / 4, 5);
    });
    const h = await gramOf(6, 4n);
    const diagonal = await merged([await modelOf(x, g), await modelOf(y, h)], rule(0, [1, 1]));
    diagonal.forEach((value, i) => {
      const [a, b] = [g, h].map(({ values }) => values[(i % 6) * 7]!);
      expect(value).toBeCloseTo((a! * x.values[i]! + b! * y.values[i]!) / (a! + b!), 5);
    });
  });

  test('a singular sum of statistics has its own reason and names the tensor', async () => {
    // Rank one: all inputs are the same vector.
    const g = matrix([3, 3], [1, 2, 3, 2, 4, 6, 3, 6, 9]);
    const merging = merged([await modelOf(await normal([2, 3], 1n), g)], rule(1, [1]));
    await expect(merging).rejects.toMatchObject({ reason: 'SINGULAR' });
    await expect(merging).rejects.toThrow(/"w"|tensor w/);
  });

  test('a statistic that is not (in, in) or not finite is refused', async () => {
    const w = await normal([2, 3], 1n);
    await expect(
      merged([await modelOf(w, matrix([2, 2], [1, 0, 0, 1]))], rule(1, [1])),
    ).rejects.toMatchObject({ reason: 'SHAPE_MISMATCH' });
    const broken = matrix([3, 3], [1, 0, 0, 0, NaN, 0, 0, 0, 1]);
    await expect(merged([await modelOf(w, broken)], rule(1, [1]))).rejects.toMatchObject({
      reason: 'OUT_OF_RANGE',
    });
  });
});
