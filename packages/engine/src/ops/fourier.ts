import * as tf from '@tensorflow/tfjs-core';
import { incompatible } from '@eigenloom/errors';
import { input, runFused, runFusedList, type Attributes, type FusedKernel } from './fused-kernel.js';

// Real and imaginary parts are tensors of their own: tf.js has complex tensors, but no gradient passes through one.

/** A complex tensor in two parts of the same shape. */
export interface Complex {
  readonly real: tf.Tensor;
  readonly imaginary: tf.Tensor;
}

const complexOf = ([real, imaginary]: readonly tf.Tensor[]): Complex => ({ real, imaginary }) as Complex;
const lengthOf = (x: tf.Tensor): number => x.shape.at(-1) ?? 1;
const numberOf = (attributes: Attributes, name: string): number => Number(attributes[name]);

/** scale · Σ x[j] e^(∓2πi jk / n) over the last axis, + where `inverse`: (real, imaginary) → [real, imaginary]. */
export const fourierKernel: FusedKernel = {
  name: 'EigenloomFourier',
  composed: (inputs, attributes) => {
    const x = tf.complex(input(inputs, 'real'), input(inputs, 'imaginary'));
    const inverse = attributes['inverse'] === true;
    const y = inverse ? tf.ifft(x) : tf.fft(x);
    const scale = numberOf(attributes, 'scale') * (inverse ? lengthOf(x) : 1);
    return [tf.mul(tf.real(y), scale), tf.mul(tf.imag(y), scale)];
  },
  gradient: {
    save: [],
    // The transpose of the transform is the other one, of conjugates.
    of: (slopes, _saved, attributes) => {
      const [real, imaginary] = slopes as unknown as [tf.Tensor, tf.Tensor];
      const inverse = attributes['inverse'] !== true;
      const back = runFusedList(fourierKernel, { real, imaginary }, { ...attributes, inverse });
      return { real: () => back[0] as tf.Tensor, imaginary: () => back[1] as tf.Tensor };
    },
  },
};

/** `inner` for the elements of half a spectrum that stand for another one, too, and `outer` for those that do not. */
function weights(length: number, inner: number, outer: number): tf.Tensor1D {
  const half = Math.floor(length / 2) + 1;
  return tf.tensor1d(Array.from({ length: half }, (_, k) => (k > 0 && 2 * k < length ? inner : outer)));
}

/** The first n / 2 + 1 elements of `scale` times the transform of real x; those that stand for two, times `inner`: x → [real, imaginary]. */
export const realFourierKernel: FusedKernel = {
  name: 'EigenloomRealFourier',
  composed: (inputs, attributes) => {
    const x = input(inputs, 'x');
    const scale = numberOf(attributes, 'scale');
    const factors = weights(lengthOf(x), scale * numberOf(attributes, 'inner'), scale);
    const y = tf.rfft(x);
    return [tf.mul(tf.real(y), factors), tf.mul(tf.imag(y), factors)];
  },
  gradient: {
    save: ['x'],
    of: (slopes, saved, attributes) => {
      const [real, imaginary] = slopes as unknown as [tf.Tensor, tf.Tensor];
      const length = lengthOf(saved[0] as tf.Tensor);
      const inner = numberOf(attributes, 'inner') / 2;
      const back = { scale: numberOf(attributes, 'scale'), inner, length };
      return { x: () => runFused(inverseRealFourierKernel, { real, imaginary }, back) };
    },
  },
};

/**
 * Real signals of `length`: `scale` times the transform back, not divided by the length, of half spectra (real, imaginary), after the elements
 * that stand for two are multiplied by `inner`.
 */
export const inverseRealFourierKernel: FusedKernel = {
  name: 'EigenloomInverseRealFourier',
  composed: (inputs, attributes) => {
    const [length, inner] = [numberOf(attributes, 'length'), numberOf(attributes, 'inner')];
    const real = tf.mul(input(inputs, 'real'), weights(length, inner, 1));
    const imaginary = tf.mul(input(inputs, 'imaginary'), weights(length, inner, 0));
    const last = real.rank - 1;
    const rest = (x: tf.Tensor): tf.Tensor => {
      const begin = x.shape.map((_, axis) => (axis === last ? 1 : 0));
      const mirrored = length - lengthOf(x);
      return tf.reverse(tf.slice(x, begin, x.shape.with(last, mirrored)), last);
    };
    const whole = tf.complex(
      tf.concat([real, rest(real)], last),
      tf.concat([imaginary, tf.neg(rest(imaginary))], last),
    );
    return tf.mul(tf.real(tf.ifft(whole)), length * numberOf(attributes, 'scale'));
  },
  gradient: {
    save: [],
    of: (dy, _saved, attributes) => {
      const inner = numberOf(attributes, 'inner') * 2;
      const back = runFusedList(
        realFourierKernel,
        { x: dy },
        { scale: numberOf(attributes, 'scale'), inner },
      );
      return { real: () => back[0] as tf.Tensor, imaginary: () => back[1] as tf.Tensor };
    },
  },
};

function check(name: string, fits: boolean, ...tensors: readonly tf.Tensor[]): void {
  if (fits) return;
  const shapes = tensors.map(({ shape }) => `(${shape.join(', ')})`).join(' and ');
  throw incompatible('FOURIER_SHAPES', `${name}: ${shapes} do not fit`);
}

function transform(name: string, { real, imaginary }: Complex, inverse: boolean): Complex {
  const fits = real.shape.join() === imaginary.shape.join() && lengthOf(real) > 0 && real.rank > 0;
  check(name, fits, real, imaginary);
  const scale = inverse ? 1 / lengthOf(real) : 1;
  return complexOf(runFusedList(fourierKernel, { real, imaginary }, { inverse, scale }));
}

/** The discrete Fourier transform Σ x[j] e^(−2πi jk / n) over the last axis, of any length n. Errors: `FOURIER_SHAPES`. */
export function fft(x: Complex): Complex {
  return transform('fft', x, false);
}

/** The inverse of `fft`, divided by the length. Errors: `FOURIER_SHAPES`. */
export function ifft(x: Complex): Complex {
  return transform('ifft', x, true);
}

/** The first n / 2 + 1 elements of `fft` of a real x (…, n), which determine the others. Errors: `FOURIER_SHAPES`. */
export function rfft(x: tf.Tensor): Complex {
  check('rfft', x.rank > 0 && lengthOf(x) > 0, x);
  return complexOf(runFusedList(realFourierKernel, { x }, { scale: 1, inner: 1 }));
}

/**
 * The inverse of `rfft`: x (…, length / 2 + 1) → (…, length). The imaginary parts of the first element and, where the length is even, of the
 * last one are left out. Errors: `FOURIER_SHAPES`.
 */
export function irfft({ real, imaginary }: Complex, length: number): tf.Tensor {
  const fits = lengthOf(real) === Math.floor(length / 2) + 1 && real.shape.join() === imaginary.shape.join();
  check(`irfft to ${String(length)}`, fits && length > 0 && real.rank > 0, real, imaginary);
  return runFused(inverseRealFourierKernel, { real, imaginary }, { length, scale: 1 / length, inner: 1 });
}
