import { setThreads } from '@eigenloom/numeric';
import { linear } from '../../ops/linear.js';
import { tf } from '../../tf.js';
import { agree, toleranceOf } from '../conformance/agree.js';
import { values } from '../conformance/case.js';
import { ELEMENTWISE } from '../conformance/elementwise.js';
import { setPrecision } from '../precision.js';
import { setBackend } from '../set-backend.js';

// What is promised of `native` alone; what every backend keeps is in conformance.test.ts.

afterAll(() => {
  setThreads(0);
});

// Without −∞: there the composition of gelu and silu is −∞ · 0, NaN, where the kernel of gelu takes the limit, 0.
const SPECIAL = [NaN, Infinity, 0, -0, 1, -1, 1e-40, 3e38, -200, 200];

test.each(ELEMENTWISE.filter((c) => c.name.endsWith(' 3x7')))('$name of special numbers', async ({ run }) => {
  const results: Float32Array[] = [];
  for (const backend of ['cpu', 'native'] as const) {
    await setBackend(backend);
    results.push(Float32Array.from(await run(tf.tensor1d(SPECIAL)).data<'float32'>()));
  }
  const [cpu = new Float32Array(0), native = new Float32Array(0)] = results;
  agree(native, cpu, toleranceOf('native'));
});

test('NaN and infinity pass products, sums and maxima', async () => {
  await setBackend('native');
  const a = tf.tensor2d([NaN, 1, Infinity, 1], [2, 2]);
  expect([...(await tf.matMul(a, tf.ones([2, 1])).data())]).toEqual([NaN, Infinity]);
  expect([...(await tf.max(a, 1).data())]).toEqual([NaN, Infinity]);
  expect([...(await tf.sum(a, 1).data())]).toEqual([NaN, Infinity]);
});

test.each(['float32', 'int32'] as const)('an update of %s leaves what it updates', async (dtype) => {
  await setBackend('native');
  const x = tf.tensor1d([1, 2, 3], dtype);
  const updated = tf.tensorScatterUpdate(x, tf.tensor2d([1], [1, 1], 'int32'), tf.tensor1d([9], dtype));
  expect([...(await updated.data())]).toEqual([1, 9, 3]);
  expect([...(await x.data())]).toEqual([1, 2, 3]);
});

test('partly broadcast batches, against the product of each', async () => {
  await setBackend('native');
  const [a, b] = [
    tf.tensor(values([2, 1, 3, 4], 0), [2, 1, 3, 4]),
    tf.tensor(values([5, 4, 2], 1), [5, 4, 2]),
  ];
  const all = tf.matMul(a, b);
  expect(all.shape).toEqual([2, 5, 3, 2]);
  const one = tf.matMul(
    tf.reshape(tf.slice(a, [1, 0, 0, 0], [1, 1, 3, 4]), [3, 4]),
    tf.reshape(tf.slice(b, 3, 1), [4, 2]),
  );
  agree(
    await tf.slice(all, [1, 3, 0, 0], [1, 1, 3, 2]).data<'float32'>(),
    await one.data<'float32'>(),
    toleranceOf('native'),
  );
});

test('results do not depend on the number of threads', async () => {
  await setBackend('native');
  const run = async (threads: number): Promise<Float32Array> => {
    setThreads(threads);
    const x = tf.tensor(values([700, 300], 1), [700, 300]);
    const y = tf.softmax(tf.matMul(x, x, true, false));
    return Float32Array.from(await tf.concat([tf.sum(y, 0), tf.reshape(y, [-1])]).data<'float32'>());
  };
  expect(await run(3)).toEqual(await run(1));
});

describe('products of bfloat16', () => {
  const PRODUCT: [number, number] = [64, 64];
  const operands = (): [tf.Tensor2D, tf.Tensor2D] => [
    tf.tensor2d(values(PRODUCT, 1), PRODUCT),
    tf.tensor2d(values(PRODUCT, 2), PRODUCT),
  ];
  beforeEach(() => setBackend('native'));
  afterEach(() => {
    setPrecision('f32');
  });

  /** A number with the first 8 bits of its fraction, to the nearest. */
  const rounded = (x: number): number => {
    const step = 2 ** (Math.floor(Math.log2(Math.abs(x))) - 7);
    return x === 0 ? 0 : Math.round(x / step) * step;
  };

  test('are those of the rounded operands, with sums in f32', async () => {
    const [a, b] = operands();
    const [roundedA, roundedB] = [a, b].map((x) => tf.tensor2d(x.dataSync().map(rounded), PRODUCT));
    setPrecision('bf16');
    const half = await linear(a, b).data<'float32'>();
    setPrecision('f32');
    const expected = linear(roundedA as tf.Tensor, roundedB as tf.Tensor);
    agree(half, await expected.data<'float32'>(), toleranceOf('native'));
    expect(half).not.toEqual(await linear(a, b).data());
  });

  test('have gradients of bfloat16 products', async () => {
    const [a, b] = operands();
    const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.square(linear(x, b))));
    const exact = await gradient(a).data<'float32'>();
    setPrecision('bf16');
    const half = await gradient(a).data<'float32'>();
    const size = Math.max(...exact.map(Math.abs));
    const error = Math.max(...half.map((x, i) => Math.abs(x - (exact[i] ?? NaN))));
    expect(error / size).toBeLessThan(0.02);
    expect(error).toBeGreaterThan(0);
  });

  test('are f32 where a side is narrow', async () => {
    const [a] = operands();
    const narrow = tf.tensor2d(values([8, 64], 3), [8, 64]);
    const expected = await linear(a, narrow).data();
    setPrecision('bf16');
    expect(await linear(a, narrow).data()).toEqual(expected);
  });

  test('are refused by a backend that has none', async () => {
    await setBackend('cpu');
    expect(() => {
      setPrecision('bf16');
    }).toThrow('backend cpu computes in f32 only, not in bf16');
    setPrecision('f32');
  });
});
