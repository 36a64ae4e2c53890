import * as tf from '@tensorflow/tfjs-core';
import { incompatible } from '@eigenloom/errors';
import {
  accumulatingThrough,
  asRows,
  given,
  input,
  plus,
  runFused,
  type FusedKernel,
} from './fused-kernel.js';
import { geluGradientKernel } from './gelu.js';

/** (dy w + before) ∘ gelu'(slopeAt): dy (…, out), w (out, in), before and slopeAt (…, in) or absent → (…, in). */
export const linearInputKernel: FusedKernel = {
  name: 'EigenloomLinearInputGradient',
  composed: (inputs) => {
    const [dy, w] = [input(inputs, 'dy'), input(inputs, 'w') as tf.Tensor2D];
    const dx = tf.matMul(rowsOf(dy), w);
    const sum = plus(tf.reshape(dx, [...dy.shape.slice(0, -1), w.shape[1]]), inputs, 'before');
    const x = inputs['slopeAt'];
    return x === undefined ? sum : geluGradientKernel.composed({ x, dy: sum }, {});
  },
};

export const linearKernel: FusedKernel = {
  name: 'EigenloomLinear',
  composed: (inputs) => {
    const [x, w] = [input(inputs, 'x'), input(inputs, 'w') as tf.Tensor2D];
    const y = tf.matMul(rowsOf(x), w, false, true);
    const whole = tf.reshape(plus(y, inputs, 'b'), [...x.shape.slice(0, -1), w.shape[0]]);
    return plus(whole, inputs, 'addend');
  },
  gradient: {
    save: ['x', 'w'],
    of: (dy, saved) => {
      const [x, w] = saved as [tf.Tensor, tf.Tensor2D];
      const rows = rowsOf(dy);
      return {
        x: accumulatingThrough((before, slopeAt) =>
          runFused(linearInputKernel, given({ dy, w, before, slopeAt })),
        ),
        w: () => tf.matMul(rows, rowsOf(x), true, false),
        b: () => tf.sum(rows, 0),
        addend: () => dy,
      };
    },
  },
};

const rowsOf = (x: tf.Tensor): tf.Tensor2D => (x.rank === 2 ? (x as tf.Tensor2D) : asRows(x));

/**
 * y = x wᵀ + b + addend, with the weight as checkpoints store it.
 * x (…, in), w (out, in), b (out), addend (…, out) → (…, out). Errors: `LINEAR_SHAPES`.
 */
export function linear(x: tf.Tensor, w: tf.Tensor, b?: tf.Tensor, addend?: tf.Tensor): tf.Tensor {
  const fits = w.rank === 2 && x.rank >= 1 && x.shape[x.rank - 1] === w.shape[1];
  const shape = [...x.shape.slice(0, -1), w.shape[0]];
  const isAdded = addend === undefined || addend.shape.join() === shape.join();
  if (!fits || !isAdded || (b !== undefined && (b.rank !== 1 || b.shape[0] !== w.shape[0]))) {
    throw incompatible(
      'LINEAR_SHAPES',
      `linear: ${[x, w, b, addend].map((each, i) => `${PARTS[i] ?? ''} ${shapeOf(each)}`).join(', ')} do not fit`,
    );
  }
  return runFused(linearKernel, given({ x, w, b, addend }));
}

const PARTS = ['input', 'weight', 'bias', 'addend'];
const shapeOf = (tensor: tf.Tensor | undefined): string =>
  tensor === undefined ? 'none' : `(${tensor.shape.join(', ')})`;
