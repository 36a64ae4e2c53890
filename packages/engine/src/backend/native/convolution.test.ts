import { setThreads } from '@eigenloom/numeric';
import { batchNorm } from '../../ops/batch-norm.js';
import { convolution, transposedConvolution } from '../../ops/convolution.js';
import { fft, irfft } from '../../ops/fourier.js';
import { tf } from '../../tf.js';
import { agree, toleranceOf } from '../conformance/agree.js';
import { values } from '../conformance/case.js';
import { setPrecision } from '../precision.js';
import { setBackend } from '../set-backend.js';

beforeEach(() => setBackend('native'));
afterEach(() => {
  setPrecision('f32');
  setThreads(0);
});

const made = (shape: number[], seed: number): tf.Tensor => tf.tensor(values(shape, seed), shape);

test('results and gradients do not depend on the number of threads', async () => {
  const run = async (threads: number): Promise<Float32Array> => {
    setThreads(threads);
    const parts = [1, 24].flatMap((groups) => {
      const [x, filter] = [made([2, 40, 40, 24], 1), made([3, 3, 24 / groups, 24], 2)];
      const y = (x: tf.Tensor, filter: tf.Tensor): tf.Tensor => {
        const z = convolution(x, filter, { pad: 'same', groups, strides: 2 });
        return batchNorm(tf.maxPool(z, 3, 1, 'same'), tf.ones([24]), tf.zeros([24]), 1e-5).y;
      };
      return [y(x, filter), ...tf.grads(y)([x, filter], made([2, 20, 20, 24], 3))];
    });
    return Float32Array.from(await tf.concat(parts.map((part) => tf.reshape(part, [-1]))).data<'float32'>());
  };
  expect(await run(3)).toEqual(await run(1));
});

test('bfloat16 is what convolutions keep of their operands where their products do', async () => {
  const [x, filter] = [made([2, 10, 10, 16], 1), made([3, 3, 16, 32], 2)];
  const run = async (): Promise<Float32Array> => {
    const y = tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same');
    return Float32Array.from(await y.data<'float32'>());
  };
  const exact = await run();
  setPrecision('bf16');
  const half = await run();
  const size = Math.max(...exact.map(Math.abs));
  const error = Math.max(...half.map((v, i) => Math.abs(v - (exact[i] ?? NaN))));
  expect(error).toBeGreaterThan(0);
  expect(error / size).toBeLessThan(0.01);
});

test('padding of one number is that of both axes', () => {
  expect(convolution(made([1, 8, 9, 2], 1), made([3, 1, 2, 2], 2), { pad: 1 }).shape).toEqual([1, 8, 11, 2]);
});

test('shapes that do not fit are refused', () => {
  const [x, filter] = [made([1, 5, 5, 4], 1), made([3, 3, 4, 6], 2)];
  expect(() => convolution(x, filter, { groups: 2 })).toThrow(
    'convolution: images (1, 5, 5, 4) and filter (3, 3, 4, 6) in 2 groups do not fit',
  );
  expect(() => convolution(x, made([6, 3, 4, 6], 2))).toThrow('do not fit');
  expect(() => convolution(x, made([3, 3, 2, 3], 2), { groups: 2 })).toThrow('do not fit');
  expect(() => transposedConvolution(x, made([2, 2, 3, 4], 2), [12, 10], { strides: 2 })).toThrow(
    'transposed convolution: x is (1, 5, 5, 4), not (1, 6, 5, 4)',
  );
  expect(() => batchNorm(x, tf.ones([3]), tf.zeros([4]), 1e-5)).toThrow('batch norm: x (1, 5, 5, 4)');
  expect(() => irfft({ real: made([2, 5], 1), imaginary: made([2, 5], 2) }, 10)).toThrow('irfft to 10');
  expect(() => fft({ real: made([2, 5], 1), imaginary: made([2, 4], 2) })).toThrow('fft: (2, 5) and (2, 4)');
});

test('the maximum of a window with NaN is NaN', async () => {
  const x = tf.tensor4d([1, NaN, 2, 3], [1, 1, 4, 1]);
  expect([...(await tf.maxPool(x, [1, 2], [1, 2], 'valid').data())]).toEqual([NaN, 3]);
});

describe('complex tensors', () => {
  const shape = [80, 70];

  test('keep their parts when the tensors that they were made of are gone', async () => {
    const z = tf.tidy(() => {
      const [real, imag] = [tf.mul(made(shape, 1), 1), tf.mul(made(shape, 2), 1)];
      return tf.complex(real, imag);
    });
    // Takes any memory that was given back too early.
    const others = [3, 4].map((seed) => tf.mul(made(shape, seed), 1));
    const [real, imag] = [tf.real(z), tf.imag(z)];
    z.dispose();
    const more = [5, 6].map((seed) => tf.mul(made(shape, seed), 1));
    agree(await real.data<'float32'>(), values(shape, 1), toleranceOf('native'));
    agree(await imag.data<'float32'>(), values(shape, 2), toleranceOf('native'));
    tf.dispose([real, imag, ...others, ...more]);
  });

  test('leave nothing behind', () => {
    const { data } = tf.backend() as unknown as { data: tf.DataStorage<unknown> };
    const before = data.numDataIds();
    tf.tidy(() => {
      const z = tf.complex(tf.mul(made(shape, 1), 1), tf.cast(made(shape, 2), 'float32'));
      tf.real(tf.reshape(tf.ifft(tf.fft(tf.reshape(z, [70, 80]))), shape));
      tf.mul(z, z);
      tf.cast(made(shape, 3), 'complex64');
    });
    expect(data.numDataIds()).toBe(before);
  });
});
