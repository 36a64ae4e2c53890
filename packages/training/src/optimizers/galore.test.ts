import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { setBackend, tf } from '@eigenloom/engine';
import type { NamedTensors } from '../checkpoints/named-tensors.js';
import { fromBytes, SIGNED, UNSIGNED } from './dynamic-bytes.js';
import { OPTIMIZERS } from './index.js';
import { Optimizer, type OptimizerSettings } from './optimizer.js';

interface Golden {
  readonly settings: {
    readonly rank: number;
    readonly updateInterval: number;
    readonly scale: number;
    readonly rate: number;
    readonly weightDecay: number;
  };
  readonly cases: readonly {
    readonly eightBit: boolean;
    readonly shape: [number, number];
    readonly start: readonly number[];
    readonly gradients: readonly (readonly number[])[];
    readonly after: readonly Readonly<Record<string, readonly number[]>>[];
  }[];
}

const PATH = join(__dirname, '../../../../tests/golden/galore/steps.json');
const { settings, cases } = JSON.parse(readFileSync(PATH, 'utf8')) as Golden;
const NONE: OptimizerSettings = { weightDecay: 0, maxGradientNorm: 0, seed: 1n };

beforeAll(() => setBackend('native'));

const CODES: Readonly<Record<string, typeof SIGNED>> = { m: SIGNED, v: UNSIGNED };

/** What a saved tensor stands for, bytes too. */
function valuesOf(saved: NamedTensors, name: string): Iterable<number> {
  const [values, scales] = [saved.get(`${name}/x`)!.values, saved.get(`${name}_scale/x`)?.values];
  return values instanceof Uint8Array
    ? fromBytes(values, scales as Float32Array, CODES[name]!)
    : (values as Float32Array);
}

// Made by tests/golden/galore/generate.py in float64; a step with a projector, one without, one with a new projector and the old moments.
test.each(cases)(
  'steps on a matrix of $shape are those of torch, in 8 bits: $eightBit',
  async ({ eightBit, shape, start, gradients, after }) => {
    const { rate, weightDecay, ...value } = settings;
    const x = tf.variable(tf.tensor([...start], shape));
    const { method } = OPTIMIZERS.create({ $case: 'galore', value: { ...value, eightBit } });
    const optimizer = new Optimizer(new Map([['x', x]]), method, { ...NONE, weightDecay });
    for (const [i, gradient] of gradients.entries()) {
      const given = new Map([['x', tf.tensor([...gradient], shape)]]);
      await optimizer.step(i + 1, rate, () => Promise.resolve({ loss: 0, gradients: given }));
      const found = await optimizer.save();
      for (const [name, expected] of Object.entries(after[i]!)) {
        const near = expected.map((each) => expect.closeTo(each, 5) as unknown);
        expect([name, ...valuesOf(found, name)]).toEqual([name, ...near]);
      }
    }
  },
);

test('the state is that of a quarter of the smaller side, of vectors AdamW', () => {
  const shapes = {
    wide: [10, 64],
    tall: [64, 10],
    kernel: [8, 2, 3, 3],
    row: [1, 5],
    vector: [7],
    scalar: [],
  };
  const parameters = new Map(
    Object.entries(shapes).map(([name, shape]) => [name, tf.variable(tf.zeros(shape))]),
  );
  const bytesOf = (eightBit: boolean): number => {
    const { method } = OPTIMIZERS.create({ $case: 'galore', value: { eightBit } });
    return new Optimizer(parameters, method, NONE).stateBytes;
  };
  const projectors = 10 * 3 + 10 * 3 + 8 * 2 + 1;
  const vectors = 2 * (7 + 1);
  const moments = 2 * (3 * 64 + 64 * 3 + 2 * 18 + 5);
  expect(bytesOf(false)).toBe(4 * (projectors + vectors + moments));
  // None of the four has more than a block of 256 numbers.
  expect(bytesOf(true)).toBe(4 * (projectors + vectors) + moments + 2 * 4 * 4);
});

test.each([{ rank: 0 }, { updateInterval: 0 }, { scale: 0 }])('%j is refused', (value) => {
  const create = (): unknown => OPTIMIZERS.create({ $case: 'galore', value: { eightBit: false, ...value } });
  expect(create).toThrow(/optimizer\.galore\.(rank|update_interval|scale)/);
});
