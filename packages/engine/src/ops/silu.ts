import * as tf from '@tensorflow/tfjs-core';
import { input, runFused, type FusedKernel } from './fused-kernel.js';

export const siluGradientKernel: FusedKernel = {
  name: 'EigenloomSiluGradient',
  composed: (inputs) => {
    const [x, dy] = [input(inputs, 'x'), input(inputs, 'dy')];
    const s = tf.sigmoid(x);
    return tf.mul(dy, tf.mul(s, tf.add(1, tf.mul(x, tf.sub(1, s)))));
  },
};

export const siluKernel: FusedKernel = {
  name: 'EigenloomSilu',
  composed: (inputs) => tf.mul(input(inputs, 'x'), tf.sigmoid(input(inputs, 'x'))),
  gradient: {
    save: ['x'],
    of: (dy, saved) => {
      const [x] = saved as [tf.Tensor];
      return { x: () => runFused(siluGradientKernel, { x, dy }) };
    },
  },
};

/** x σ(x). Elfwing et al. 2017, arXiv:1702.03118. Any shape. */
export function silu<T extends tf.Tensor>(x: T): T {
  return runFused(siluKernel, { x }) as T;
}
