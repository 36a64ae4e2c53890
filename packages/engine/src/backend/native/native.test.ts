import { setThreads } from '@eigenloom/numeric';
import { tf } from '../../tf.js';
import { agree, toleranceOf } from '../conformance/agree.js';
import { values } from '../conformance/case.js';
import { ELEMENTWISE } from '../conformance/elementwise.js';
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
