import * as tf from '@tensorflow/tfjs-core';
import { input, runFused, type FusedKernel } from './fused-kernel.js';

/** Cosine and sine of the angle of each position and pair: two (length, width / 2). */
export interface RotaryAngles {
  readonly cos: tf.Tensor2D;
  readonly sin: tf.Tensor2D;
}

export const rotaryKernel: FusedKernel = {
  name: 'EigenloomRotary',
  composed: (inputs, { inverse }) => {
    const [first, second] = tf.split(input(inputs, 'x'), 2, -1) as [tf.Tensor, tf.Tensor];
    // Beside the heads.
    const [cos, sine] = [tf.expandDims(input(inputs, 'cos'), 1), tf.expandDims(input(inputs, 'sin'), 1)];
    const sin = inverse === true ? tf.neg(sine) : sine;
    const left = tf.sub(tf.mul(first, cos), tf.mul(second, sin));
    return tf.concat([left, tf.add(tf.mul(second, cos), tf.mul(first, sin))], -1);
  },
  gradient: {
    save: ['cos', 'sin'],
    // Turning back is the transpose of turning.
    of: (dy, saved, { inverse }) => {
      const [cos, sin] = saved as [tf.Tensor, tf.Tensor];
      return { x: () => runFused(rotaryKernel, { x: dy, cos, sin }, { inverse: inverse !== true }) };
    },
  },
};

/**
 * Turns the pairs (i, i + width/2) of each head by the angles of its position: Su et al. 2021, arXiv:2104.09864, equation 34, with the
 * pairs of Llama's checkpoints. x (batch, length, heads, width), the same comes back. The angles have no gradient.
 */
export function rotary(x: tf.Tensor4D, { cos, sin }: RotaryAngles): tf.Tensor4D {
  return runFused(rotaryKernel, { x, cos, sin }, { inverse: false }) as tf.Tensor4D;
}
