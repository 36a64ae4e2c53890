import { linear } from '../../ops/linear.js';
import { tf } from '../../tf.js';
import { values } from '../conformance/case.js';
import { freeze, type FrozenFormat } from '../frozen.js';
import { setBackend } from '../set-backend.js';

const [ROWS, WIDTH] = [37, 130];
const FORMATS = ['bf16', 'nf4'] as const satisfies readonly FrozenFormat[];
const weights = (): Float32Array => values([ROWS, WIDTH], 3);

/** A frozen matrix and, in f32, what it holds. */
async function both(format: FrozenFormat): Promise<{ held: tf.Tensor2D; whole: tf.Tensor2D }> {
  await setBackend('native');
  const held = freeze(weights(), [ROWS, WIDTH], format) as tf.Tensor2D;
  return { held, whole: tf.tensor2d(await held.data<'float32'>(), [ROWS, WIDTH]) };
}

describe.each(FORMATS)('a matrix held in %s', (format) => {
  it('is near the numbers that it was made of', async () => {
    const { held } = await both(format);
    const found = await held.data<'float32'>();
    // Half of a unit of a significand of 8 bits; half of the widest gap between two of the 16 values, 0.304, of a block's largest number.
    const most = { bf16: 2 ** -8, nf4: 0.153 * 1.5 }[format];
    weights().forEach((value, i) => {
      const size = format === 'bf16' ? Math.abs(value) : 1;
      expect(Math.abs((found[i] ?? NaN) - value)).toBeLessThanOrEqual(most * size);
    });
  });

  it('gives the products and gradients of what it holds, to the bit', async () => {
    const { held, whole } = await both(format);
    const x = tf.tensor2d(values([50, WIDTH], 4), [50, WIDTH]);
    const of = async (w: tf.Tensor2D): Promise<Float32Array[]> => {
      const { value, grad } = tf.valueAndGrad((input: tf.Tensor2D) => tf.sum(tf.square(linear(input, w))))(x);
      return [await value.data<'float32'>(), await grad.data<'float32'>()];
    };
    expect(await of(held)).toEqual(await of(whole));
  });

  it('is looked up by row, and read by kernels that know nothing of it', async () => {
    const { held, whole } = await both(format);
    const ids = tf.tensor1d([5, 0, 36, 5], 'int32');
    const of = async (w: tf.Tensor2D): Promise<Float32Array[]> => {
      const results = [
        tf.gather(w, ids),
        tf.slice2d(w, [3, 0], [2, WIDTH]),
        tf.cumsum(w, 1),
        tf.reshape(tf.clone(w), [-1]),
        tf.matMul(w, w, false, true),
      ];
      return Promise.all(results.map((result) => result.data<'float32'>()));
    };
    expect(await of(held)).toEqual(await of(whole));
  });

  it('becomes f32 when it is trained', async () => {
    const { held, whole } = await both(format);
    const variable: tf.Variable = tf.variable(held);
    variable.assign(tf.add(variable, 1));
    expect(await variable.data()).toEqual(await tf.add(whole, 1).data());
  });

  it('leaves nothing behind', async () => {
    const { held } = await both(format);
    const before = tf.memory().numTensors;
    tf.tidy(() => tf.cumsum(held, 1)).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('other backends hold f32 only', async () => {
  await setBackend('cpu');
  expect(() => freeze(weights(), [ROWS, WIDTH], 'nf4')).toThrow('backend cpu holds tensors in f32 only');
});
