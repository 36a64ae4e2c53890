import * as tf from '@tensorflow/tfjs-core';
import {
  accumulating,
  asRows,
  input,
  plus,
  runFused,
  type Attributes,
  type FusedKernel,
} from './fused-kernel.js';

const inverseRootMeanSquare = (x: tf.Tensor, attributes: Attributes): tf.Tensor =>
  tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), Number(attributes['epsilon'])));

export const rmsNormInputKernel: FusedKernel = {
  name: 'EigenloomRmsNormInputGradient',
  composed: (inputs, attributes) => {
    const x = input(inputs, 'x');
    const inverse = inverseRootMeanSquare(x, attributes);
    const normalised = tf.mul(x, inverse);
    const g = tf.mul(input(inputs, 'dy'), input(inputs, 'gamma'));
    const dx = tf.mul(inverse, tf.sub(g, tf.mul(normalised, tf.mean(tf.mul(g, normalised), -1, true))));
    return plus(dx, inputs, 'before');
  },
};

export const rmsNormKernel: FusedKernel = {
  name: 'EigenloomRmsNorm',
  composed: (inputs, attributes) => {
    const x = input(inputs, 'x');
    return tf.mul(tf.mul(x, inverseRootMeanSquare(x, attributes)), input(inputs, 'gamma'));
  },
  gradient: {
    save: ['x', 'gamma'],
    of: (dy, saved, attributes) => {
      const [x, gamma] = saved as [tf.Tensor, tf.Tensor];
      return {
        x: accumulating((before) =>
          runFused(
            rmsNormInputKernel,
            { x, gamma, dy, ...(before === undefined ? {} : { before }) },
            attributes,
          ),
        ),
        gamma: () => tf.sum(asRows(tf.mul(dy, tf.mul(x, inverseRootMeanSquare(x, attributes)))), 0),
      };
    },
  },
};

/**
 * x γ / √(mean x² + ε) over the last axis. Zhang & Sennrich 2019, arXiv:1910.07467, equation 4.
 * x (…, width), gamma (width) → (…, width).
 */
export function rmsNorm(x: tf.Tensor, gamma: tf.Tensor, epsilon: number): tf.Tensor {
  return runFused(rmsNormKernel, { x, gamma }, { epsilon });
}
