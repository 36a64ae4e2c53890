import * as tf from '@tensorflow/tfjs-core';
import { incompatible } from '@eigenloom/errors';
import { asRows, input, runFused, type FusedKernel } from './fused-kernel.js';

export const linearKernel: FusedKernel = {
  name: 'EigenloomLinear',
  composed: (inputs) => {
    const [x, w] = [input(inputs, 'x'), input(inputs, 'w') as tf.Tensor2D];
    const y = tf.matMul(rowsOf(x), w, false, true);
    const biased = inputs['b'] === undefined ? y : tf.add(y, inputs['b']);
    return tf.reshape(biased, [...x.shape.slice(0, -1), w.shape[0]]);
  },
  gradient: {
    save: ['x', 'w'],
    of: (dy, saved) => {
      const [x, w] = saved as [tf.Tensor, tf.Tensor2D];
      const rows = rowsOf(dy);
      return {
        x: () => tf.reshape(tf.matMul(rows, w), x.shape),
        w: () => tf.matMul(rows, rowsOf(x), true, false),
        b: () => tf.sum(rows, 0),
      };
    },
  },
};

const rowsOf = (x: tf.Tensor): tf.Tensor2D => (x.rank === 2 ? (x as tf.Tensor2D) : asRows(x));

/**
 * y = x wᵀ + b, with the weight as checkpoints store it.
 * x (…, in), w (out, in), b (out) → (…, out).
 */
export function linear(x: tf.Tensor, w: tf.Tensor, b?: tf.Tensor): tf.Tensor {
  const fits = w.rank === 2 && x.rank >= 1 && x.shape[x.rank - 1] === w.shape[1];
  if (!fits || (b !== undefined && (b.rank !== 1 || b.shape[0] !== w.shape[0]))) {
    throw incompatible(
      'LINEAR_SHAPES',
      `linear: input (${x.shape.join(', ')}), weight (${w.shape.join(', ')}) and bias (${b?.shape.join(', ') ?? 'none'}) do not fit`,
    );
  }
  return runFused(linearKernel, b === undefined ? { x, w } : { x, w, b });
}
