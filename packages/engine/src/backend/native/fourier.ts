import * as tf from '@tensorflow/tfjs-core';
import { kernels } from '@eigenloom/numeric';
import { NONE } from './arrays.js';
import { areFloats, need, type KernelCall, type NativeKernel } from './native-kernel.js';

const lengthOf = (x: tf.TensorInfo): number => x.shape.at(-1) ?? 1;

/** [real, imaginary] of the transforms of rows. */
function transformed(
  { backend }: KernelCall,
  real: tf.TensorInfo,
  imaginary: tf.TensorInfo,
  inverse: boolean,
  scale: number,
): tf.TensorInfo[] {
  const { shape } = real;
  const length = lengthOf(real);
  return backend.outputs([shape, shape], ([outReal = NONE, outImaginary = NONE]) => {
    const [re, im] = [backend.floats(real), backend.floats(imaginary)];
    kernels().kernelFourier(re, im, length, inverse, scale, outReal, outImaginary);
  });
}

const fourier: NativeKernel = (call) => {
  const { inverse, scale } = call.attributes;
  return transformed(call, need(call, 'real'), need(call, 'imaginary'), inverse === true, Number(scale));
};

const realFourier: NativeKernel = (call) => {
  const { backend, attributes } = call;
  const x = need(call, 'x');
  const length = lengthOf(x);
  const shape = [...x.shape.slice(0, -1), Math.floor(length / 2) + 1];
  return backend.outputs([shape, shape], ([real = NONE, imaginary = NONE]) => {
    const [scale, inner] = [Number(attributes['scale']), Number(attributes['inner'])];
    kernels().kernelRealFourier(backend.floats(x), length, scale, inner, real, imaginary);
  });
};

const inverseRealFourier: NativeKernel = (call) => {
  const { backend, attributes } = call;
  const real = need(call, 'real');
  const length = Number(attributes['length']);
  return backend.output([...real.shape.slice(0, -1), length], (out) => {
    const [re, im] = [backend.floats(real), backend.floats(need(call, 'imaginary'))];
    const [scale, inner] = [Number(attributes['scale']), Number(attributes['inner'])];
    kernels().kernelInverseRealFourier(re, im, length, scale, inner, out);
  });
};

/** tf.fft and tf.ifft, of complex tensors. */
const complexTransform =
  (inverse: boolean): NativeKernel =>
  (call) => {
    const { backend } = call;
    const x = need(call, 'input');
    const { real, imag } = backend.partsOf(x);
    const parts = transformed(call, real, imag, inverse, inverse ? 1 / lengthOf(x) : 1);
    const [first, second] = parts as [tf.TensorInfo, tf.TensorInfo];
    const whole = backend.complexOf(first, second);
    parts.forEach((part) => {
      backend.disposeIntermediateTensorInfo(part);
    });
    return whole;
  };

const complex: NativeKernel = (call) => {
  const [real, imag] = [need(call, 'real'), need(call, 'imag')];
  return areFloats(real, imag) ? call.backend.complexOf(real, imag) : undefined;
};

/** A part of a complex tensor is the same entry of the backend's data. */
const part =
  (name: 'real' | 'imag'): NativeKernel =>
  (call) => {
    const input = need(call, 'input');
    if (input.dtype !== 'complex64') return undefined;
    const own = call.backend.partsOf(input)[name];
    call.backend.incRef(own.dataId);
    return own;
  };

export const FOURIER: ReadonlyMap<string, NativeKernel> = new Map([
  ['EigenloomFourier', fourier],
  ['EigenloomRealFourier', realFourier],
  ['EigenloomInverseRealFourier', inverseRealFourier],
  [tf.FFT, complexTransform(false)],
  [tf.IFFT, complexTransform(true)],
  [tf.Complex, complex],
  [tf.Real, part('real')],
  [tf.Imag, part('imag')],
]);
