import * as tf from '@tensorflow/tfjs-core';
import { input, runFused, type FusedKernel } from './fused-kernel.js';

const normalCdf = (x: tf.Tensor): tf.Tensor => tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));

export const geluGradientKernel: FusedKernel = {
  name: 'EigenloomGeluGradient',
  composed: (inputs) => {
    const [x, dy] = [input(inputs, 'x'), input(inputs, 'dy')];
    const density = tf.mul(1 / Math.sqrt(2 * Math.PI), tf.exp(tf.mul(-0.5, tf.square(x))));
    return tf.mul(dy, tf.add(normalCdf(x), tf.mul(x, density)));
  },
};

export const geluKernel: FusedKernel = {
  name: 'EigenloomGelu',
  composed: (inputs) => tf.mul(input(inputs, 'x'), normalCdf(input(inputs, 'x'))),
  gradient: {
    save: ['x'],
    of: (dy, saved) => {
      const [x] = saved as [tf.Tensor];
      return { x: () => runFused(geluGradientKernel, { x, dy }) };
    },
  },
};

/** x Φ(x), the exact form with erf. Hendrycks & Gimpel 2016, arXiv:1606.08415. Any shape. */
export function gelu<T extends tf.Tensor>(x: T): T {
  return runFused(geluKernel, { x }) as T;
}

/** Whether a kernel is `gelu`, whose one input its gradient saves. */
export const isGelu = (kernelName: string): boolean => kernelName === geluKernel.name;
