import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { setBackend, tf } from '@eigenloom/engine';
import type { NamedTensors } from '../checkpoints/named-tensors.js';
import { readTensors, writeTensors } from '../checkpoints/tensor-file.js';
import type { OptimizerChoice } from '../choice.js';
import { gradientsOf, type TakeGradients } from '../gradients/take-gradients.js';
import { gradientDescent } from './gradient-descent.js';
import { OPTIMIZERS } from './index.js';
import { Optimizer, type OptimizerSettings } from './optimizer.js';
import type { OptimizerRule } from './optimizer-rule.js';

type Values = { readonly [K in OptimizerChoice['$case']]: Extract<OptimizerChoice, { $case: K }>['value'] };

/** Parameters of each rule, and the learning rate at which it halves the quadratic below within 40 steps. */
const FIXTURES: { readonly [K in keyof Values]: { readonly value: Values[K]; readonly rate: number } } = {
  adamw: { value: {}, rate: 0.1 },
  lion: { value: {}, rate: 0.05 },
  galore: { value: { rank: 2, updateInterval: 3, scale: 0.5, eightBit: false }, rate: 0.2 },
};

/** Every rule that a request can choose, and those of searches. */
const RULES: readonly [name: string, rule: OptimizerRule, rate: number][] = [
  ...Object.entries(FIXTURES).map(([$case, { value, rate }]): [string, OptimizerRule, number] => [
    $case,
    OPTIMIZERS.create({ $case, value } as OptimizerChoice).method,
    rate,
  ]),
  [
    'galore in 8 bits',
    OPTIMIZERS.create({ $case: 'galore', value: { ...FIXTURES.galore.value, eightBit: true } }).method,
    0.2,
  ],
  ['gradient descent', gradientDescent, 0.1],
];

let folder: string;
beforeAll(async () => {
  await setBackend('native');
  folder = await mkdtemp(join(tmpdir(), 'optimizers-'));
});
afterAll(() => rm(folder, { recursive: true }));

const SHAPES: readonly (readonly [string, number[]])[] = [
  ['wide', [3, 8]],
  ['tall', [8, 3]],
  ['vector', [5]],
  ['scalar', []],
  ['kernel', [2, 3, 4]],
];
const numbers = (shape: readonly number[], start: number): Float32Array =>
  Float32Array.from({ length: shape.reduce((x, y) => x * y, 1) }, (_, i) => 1 + Math.sin(i * 2.3 + start));
const NONE: OptimizerSettings = { weightDecay: 0, maxGradientNorm: 0, seed: 3n };

type Weights = Map<string, tf.Variable>;
const weights = (shapes = SHAPES): Weights =>
  new Map(
    shapes.map(([name, shape]) => [
      name,
      tf.tidy((): tf.Variable => tf.variable(tf.tensor(numbers(shape, name.length), shape), true)),
    ]),
  );

/** ½ Σ c·(x − t)² with curvatures c between 1 and 3, and targets t that are not the start. */
const quadratic = (parameters: Weights): TakeGradients =>
  gradientsOf(() => ({
    quadratic: {
      value: [...parameters]
        .map(([name, x]) => {
          const target = tf.tensor(numbers(x.shape, name.length + 9), x.shape);
          const curvature = tf.tensor(numbers(x.shape, 5), x.shape);
          const error = tf.square(tf.sub(x, target));
          return tf.mul<tf.Scalar>(tf.sum(tf.mul(error, tf.add(curvature, 1))), 0.5);
        })
        .reduce((sum, part) => tf.add<tf.Scalar>(sum, part)),
    },
  }));
const zero: TakeGradients = (_, parameters) =>
  Promise.resolve({
    loss: 0,
    gradients: new Map([...parameters].map(([name, { shape }]) => [name, tf.zeros(shape)])),
  });

async function run(
  optimizer: Optimizer,
  take: TakeGradients,
  rate: number,
  from: number,
  to: number,
): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step <= to; step += 1) losses.push((await optimizer.step(step, rate, take)).loss);
  return losses;
}

const bytesOf = (tensors: NamedTensors): Record<string, string> =>
  Object.fromEntries(
    [...tensors]
      .map(([name, { values }]) => [name, Buffer.from(values.buffer).toString('hex')] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

describe.each(RULES)('%s', (name, rule, rate) => {
  it('descends a quadratic', async () => {
    const parameters = weights();
    const losses = await run(new Optimizer(parameters, rule, NONE), quadratic(parameters), rate, 1, 40);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
  });

  it('goes on bit for bit from what it saved', async () => {
    const parameters = weights();
    const settings = { ...NONE, weightDecay: 0.01, maxGradientNorm: 1 };
    const whole = new Optimizer(parameters, rule, settings);
    await run(whole, quadratic(parameters), rate, 1, 5);
    const path = join(folder, `${name}.safetensors`);
    await writeTensors(path, await whole.save());
    await run(whole, quadratic(parameters), rate, 6, 10);

    const others = weights();
    const resumed = new Optimizer(others, rule, settings);
    resumed.restore(await readTensors(path));
    await run(resumed, quadratic(others), rate, 6, 10);
    expect(bytesOf(await resumed.save())).toEqual(bytesOf(await whole.save()));
    expect(() => {
      resumed.restore(new Map());
    }).toThrow('lacks parameter of wide');
  });

  it('leaves parameters where they are without gradient and decay', async () => {
    const optimizer = new Optimizer(weights(), rule, NONE);
    const before = bytesOf(await optimizer.parameters());
    await run(optimizer, zero, rate, 1, 3);
    expect(bytesOf(await optimizer.parameters())).toEqual(before);
  });

  it('decays matrices and larger tensors only, unless a group has its own', async () => {
    const settings = { ...NONE, weightDecay: 0.25 };
    const before = await new Optimizer(weights(), rule, NONE).parameters();
    const common = new Optimizer(weights(), rule, settings);
    const own = new Optimizer(weights(), rule, {
      ...settings,
      group: (each) =>
        each === 'vector' ? { weightDecay: 0.5, rate: 0.1 } : each === 'wide' ? { weightDecay: 0 } : {},
    });
    await run(common, zero, 0.5, 1, 1);
    await run(own, zero, 0.5, 1, 1);
    const factors = async (optimizer: Optimizer): Promise<Record<string, number>> => {
      const after = await optimizer.parameters();
      return Object.fromEntries(
        [...before].map(([each, { values }]) => [
          each,
          Number(after.get(each)!.values[0]) / Number(values[0]),
        ]),
      );
    };
    const expected = { wide: 0.875, tall: 0.875, kernel: 0.875, vector: 1, scalar: 1 };
    const near = (factor: number): unknown => expect.closeTo(factor, 6);
    expect(await factors(common)).toEqual(
      Object.fromEntries(Object.entries(expected).map(([each, factor]) => [each, near(factor)])),
    );
    expect(await factors(own)).toMatchObject({ wide: near(1), tall: near(0.875), vector: near(0.975) });
  });

  it('does not depend on the order of the parameters', async () => {
    const [one, other] = [weights(), weights(SHAPES.toReversed())];
    const first = new Optimizer(one, rule, NONE);
    const second = new Optimizer(other, rule, NONE);
    await run(first, quadratic(one), rate, 1, 5);
    await run(second, quadratic(other), rate, 1, 5);
    expect(bytesOf(await second.save())).toEqual(bytesOf(await first.save()));
  });

  it('takes gradients one by one as it takes them together', async () => {
    const [one, other] = [weights(), weights()];
    const together = new Optimizer(one, { ...rule, oneByOne: false }, NONE);
    const single = new Optimizer(other, { ...rule, oneByOne: true }, NONE);
    for (let step = 1; step <= 5; step += 1) {
      const expected = await together.step(step, rate, quadratic(one));
      const found = await single.step(step, rate, quadratic(other));
      expect(found.loss).toBe(expected.loss);
      expect(found.gradientNorm).toBeCloseTo(expected.gradientNorm, 9);
    }
    expect(bytesOf(await single.save())).toEqual(bytesOf(await together.save()));
  });

  it('clips all gradients together by their norm', async () => {
    const [one, other] = [weights(), weights()];
    const limit = 0.5;
    const clipped = new Optimizer(one, rule, { ...NONE, maxGradientNorm: limit });
    const plain = new Optimizer(other, rule, NONE);
    const { gradientNorm } = await clipped.step(1, rate, quadratic(one));
    expect(gradientNorm).toBeGreaterThan(2 * limit);
    const scaled: TakeGradients = async (step, parameters) => {
      const { loss, gradients } = await quadratic(other)(step, parameters);
      const factor = limit / gradientNorm;
      return { loss, gradients: new Map([...gradients].map(([each, g]) => [each, tf.mul(g, factor)])) };
    };
    await plain.step(1, rate, scaled);
    const expected = await plain.parameters();
    for (const [each, { values }] of await clipped.parameters())
      values.forEach((value, i) => {
        expect(value).toBeCloseTo(Number(expected.get(each)!.values[i]), 5);
      });
  });

  it('moves the selected parameters only', async () => {
    const parameters = weights();
    const select = (step: number): Set<string> => new Set([step % 2 === 0 ? 'tall' : 'vector']);
    const optimizer = new Optimizer(parameters, { ...rule, select }, NONE);
    const before = bytesOf(await optimizer.parameters());
    await run(optimizer, quadratic(parameters), rate, 1, 1);
    const after = bytesOf(await optimizer.parameters());
    expect(Object.keys(after).filter((each) => after[each] !== before[each])).toEqual(['vector']);
  });

  it('keeps no tensor of a step, and none when it is disposed of', async () => {
    const parameters = weights();
    const alone = tf.memory().numTensors;
    const optimizer = new Optimizer(parameters, rule, NONE);
    await run(optimizer, quadratic(parameters), rate, 1, 1);
    const before = tf.memory().numTensors;
    await run(optimizer, quadratic(parameters), rate, 2, 4);
    expect(tf.memory().numTensors).toBe(before);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(alone);
  });

  it('has positive default rates', () => {
    for (const trained of ['adapter', 'full'] as const) expect(rule.defaultRate(trained)).toBeGreaterThan(0);
  });
});

test('a gradient that is not finite is named with its step', async () => {
  const parameters = weights();
  const optimizer = new Optimizer(parameters, gradientDescent, NONE);
  const broken: TakeGradients = async (step, own) => {
    const { loss, gradients } = await zero(step, own);
    return { loss, gradients: new Map([...gradients, ['tall', tf.fill([8, 3], Infinity)]]) };
  };
  await expect(optimizer.step(7, 0.1, broken)).rejects.toMatchObject({
    reason: 'NON_FINITE_GRADIENT',
    message: expect.stringMatching(/tall in step 7/) as string,
  });
});

test('state may have another shape and another type than its parameter', async () => {
  /** Sums the signs of the first row, and counts the steps in bytes. */
  const odd: OptimizerRule = {
    ...gradientDescent,
    slots: ({ shape }) => [
      { name: 'row', shape: shape.slice(1), dtype: 'int32' },
      { name: 'count', shape: [2], dtype: 'uint8' },
    ],
    update({ gradient, slots }) {
      tf.tidy(() => {
        const row = tf.cast(tf.sign(tf.sum(gradient, 0)), 'int32');
        slots.tensor('row').assign(tf.add(slots.tensor('row'), row));
      });
      const count = slots.bytes('count');
      count[0] = (count[0] ?? 0) + 1;
    },
  };
  const shapes = [['x', [2, 3]]] as const;
  const parameters = weights(shapes as unknown as typeof SHAPES);
  const optimizer = new Optimizer(parameters, odd, NONE);
  await run(optimizer, quadratic(parameters), 1, 1, 3);
  const path = join(folder, 'odd.safetensors');
  await writeTensors(path, await optimizer.save());
  const saved = await readTensors(path);
  expect(optimizer.stateBytes).toBe(3 * 4 + 2);
  expect(saved.get('row/x')?.values).toBeInstanceOf(Int32Array);
  expect(saved.get('count/x')).toEqual({ shape: [2], values: Uint8Array.of(3, 0) });
  const other = new Optimizer(weights(shapes as unknown as typeof SHAPES), odd, NONE);
  other.restore(saved);
  expect(bytesOf(await other.save())).toEqual(bytesOf(await optimizer.save()));
});
