import { setBackend, tf } from '@eigenloom/engine';
import type { PixelBatch } from '../batch.js';
import { largestDifference } from '../testing/golden.js';
import type { AppliedAdapter } from './adapter-hooks.js';
import { ForwardPass } from './forward-pass.js';
import { Parameters } from './parameters.js';

beforeAll(() => setBackend('cpu'));

const parametersOf = (tensors: Record<string, tf.Tensor>): Parameters => {
  const parameters = new Parameters();
  for (const [name, tensor] of Object.entries(tensors)) parameters.set(name, tensor);
  return parameters;
};

const passOf = (tensors: Record<string, tf.Tensor>, adapters: readonly AppliedAdapter[] = []): ForwardPass =>
  new ForwardPass(
    {
      parameters: parametersOf(tensors),
      norms: new Map([['n', { kind: 'norm', form: 'rms', path: 'n', size: 4, epsilon: 1e-6 }]]),
    },
    { adapters },
  );

describe('ForwardPass', () => {
  it('embeds patches as a convolution does whose stride is its kernel', () => {
    const [size, channels, height, width] = [2, 3, 7, 4];
    const images = tf.randomNormal([size, channels, height, width], 0, 1, 'float32', 3);
    const weight: tf.Tensor4D = tf.randomNormal([5, channels, 2, 2], 0, 1, 'float32', 4);
    const bias = tf.randomNormal([5], 0, 1, 'float32', 5);
    const values = images.dataSync<'float32'>();
    const batch: PixelBatch = { kind: 'pixels', values, size, channels, height, width };
    const own = passOf({ 'p.weight': weight, 'p.bias': bias }).patches('p', batch);
    const input = tf.transpose(images, [0, 2, 3, 1]) as tf.Tensor4D;
    const filter: tf.Tensor4D = tf.transpose(weight, [2, 3, 1, 0]);
    const expected = tf.add(tf.conv2d(input, filter, 2, 'valid'), bias);
    expect(own.shape).toEqual([size * 3 * 2, 5]);
    expect(largestDifference(own.dataSync(), expected.dataSync())).toBeLessThan(1e-5);
    expect(() => passOf({ 'p.weight': weight }).patches('p', { ...batch, channels: 1 })).toThrow(
      /1 channels/,
    );
  });

  it('applies adapters in order, at every kind of site', () => {
    const twice = (x: tf.Tensor2D): tf.Tensor2D => tf.mul<tf.Tensor2D>(x, 2);
    const plusOne = (x: tf.Tensor2D): tf.Tensor2D => tf.add<tf.Tensor2D>(x, 1);
    const tensors = {
      'l.weight': tf.eye(4),
      'n.weight': tf.ones([4]),
      'e.weight': tf.tensor2d([0, 1, 2, 3, 4, 5, 6, 7], [2, 4]),
    };
    const first: AppliedAdapter = {
      linear: new Map([['l', (_x, { y }): tf.Tensor2D => twice(y)]]),
      norm: new Map([['n', twice]]),
      embedding: new Map([['e', twice]]),
      block: new Map([['b', (output, input): tf.Tensor2D => tf.add(output, input)]]),
      input: new Map([['i', ({ hidden, layout }) => ({ hidden: twice(hidden), layout })]]),
      attention: new Map([['a', (states, attend): tf.Tensor2D => twice(attend(states))]]),
      weight: new Map([['l.weight', (w): tf.Tensor => tf.mul(w, 3)]]),
      positions: 2,
    };
    const second: AppliedAdapter = {
      linear: new Map([['l', (_x, { y }): tf.Tensor2D => plusOne(y)]]),
      positions: 3,
    };
    const pass = passOf(tensors, [first, second]);
    const plain = passOf(tensors);
    const x = tf.tensor2d([1, 2, 3, 4], [1, 4]);
    const values = (t: tf.Tensor): number[] => [...t.dataSync()];
    expect(values(pass.linear('l', x))).toEqual([7, 13, 19, 25]);
    expect(values(pass.norm('n', x))).toEqual(values(twice(plain.norm('n', x))));
    expect(values(pass.embedding('e', Int32Array.of(1)))).toEqual([8, 10, 12, 14]);
    expect(values(pass.embeddingRows('e', 0, 1))).toEqual([0, 2, 4, 6]);
    expect(values(pass.block('b', x, x))).toEqual([2, 4, 6, 8]);
    const layout = { size: 1, length: 1, lengths: Int32Array.of(1) };
    expect(values(pass.input('i', { hidden: x, layout }).hidden)).toEqual([2, 4, 6, 8]);
    const head: tf.Tensor4D = tf.reshape(x, [1, 1, 1, 4]);
    const states = { q: head, k: head, v: head };
    expect(values(pass.attention('a', states, { causal: true }))).toEqual([2, 4, 6, 8]);
    expect([pass.firstPosition, plain.firstPosition]).toEqual([5, 0]);
    expect(() => plain.embeddingRows('e', 1, 2)).toThrow(/3 positions/);
  });

  it('lets queries see keys put before those of the mask', () => {
    const states = (count: number): tf.Tensor4D => tf.randomNormal([1, count, 1, 4], 0, 1, 'float32', count);
    const [q, k, v, before] = [states(2), states(2), states(2), states(3)];
    const adapter: AppliedAdapter = {
      attention: new Map([
        [
          'a',
          (s, attend): tf.Tensor2D =>
            attend({ q: s.q, k: tf.concat([before, s.k], 1), v: tf.concat([before, s.v], 1) }),
        ],
      ]),
    };
    const mask = tf.tensor2d([1, 0], [1, 2]);
    const own = passOf({}, [adapter]).attention('a', { q, k, v }, { mask });
    const scores = tf.mul(
      tf.matMul(tf.reshape(q, [2, 4]), tf.reshape(tf.concat([before, k], 1), [5, 4]), false, true),
      0.5,
    );
    const hidden = tf.tensor1d([0, 0, 0, 0, -1e9]);
    const shares = tf.softmax(tf.add<tf.Tensor2D>(scores, hidden));
    const values: tf.Tensor2D = tf.reshape(tf.concat([before, v], 1), [5, 4]);
    const expected = tf.matMul(shares, values);
    expect(largestDifference(own.dataSync(), expected.dataSync())).toBeLessThan(1e-6);
  });
});
