import * as tf from '@tensorflow/tfjs-core';
import {
  accumulating,
  asRows,
  input,
  plus,
  runFused,
  runFusedList,
  type Attributes,
  type FusedKernel,
} from './fused-kernel.js';

const epsilonOf = (attributes: Attributes): number => Number(attributes['epsilon']);

/** x̂ = (x − mean) / √(variance + ε) over the last axis, and 1/√(variance + ε). */
function normalise(x: tf.Tensor, epsilon: number): { normalised: tf.Tensor; inverse: tf.Tensor } {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
  return { normalised: tf.mul(centred, inverse), inverse };
}

export const layerNormInputKernel: FusedKernel = {
  name: 'EigenloomLayerNormInputGradient',
  composed: (inputs, attributes) => {
    const { normalised, inverse } = normalise(input(inputs, 'x'), epsilonOf(attributes));
    const g = tf.mul(input(inputs, 'dy'), input(inputs, 'gamma'));
    const along = tf.mean(tf.mul(g, normalised), -1, true);
    const dx = tf.mul(inverse, tf.sub(tf.sub(g, tf.mean(g, -1, true)), tf.mul(normalised, along)));
    return plus(dx, inputs, 'before');
  },
};

/** [dγ, dβ]. */
export const layerNormParametersKernel: FusedKernel = {
  name: 'EigenloomLayerNormParametersGradient',
  composed: (inputs, attributes) => {
    const { normalised } = normalise(input(inputs, 'x'), epsilonOf(attributes));
    const dy = input(inputs, 'dy');
    return [tf.sum(asRows(tf.mul(dy, normalised)), 0), tf.sum(asRows(dy), 0)];
  },
};

export const layerNormKernel: FusedKernel = {
  name: 'EigenloomLayerNorm',
  composed: (inputs, attributes) => {
    const { normalised } = normalise(input(inputs, 'x'), epsilonOf(attributes));
    return tf.add(tf.mul(normalised, input(inputs, 'gamma')), input(inputs, 'beta'));
  },
  gradient: {
    save: ['x', 'gamma'],
    of: (dy, saved, attributes) => {
      const [x, gamma] = saved as [tf.Tensor, tf.Tensor];
      return {
        x: accumulating((before) =>
          runFused(
            layerNormInputKernel,
            { x, gamma, dy, ...(before === undefined ? {} : { before }) },
            attributes,
          ),
        ),
        gamma: () => runFusedList(layerNormParametersKernel, { x, dy }, attributes)[0] as tf.Tensor,
        beta: () => tf.sum(asRows(dy), 0),
      };
    },
  },
};

/**
 * Layer normalisation over the last axis. Ba et al. 2016, arXiv:1607.06450.
 * x (…, width), gamma (width), beta (width) → (…, width).
 */
export function layerNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): tf.Tensor {
  return runFused(layerNormKernel, { x, gamma, beta }, { epsilon });
}
