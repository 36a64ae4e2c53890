import * as tf from '@tensorflow/tfjs-core';
import { incompatible } from '@eigenloom/errors';
import { input, runFused, runFusedList, type FusedKernel } from './fused-kernel.js';

/** [dgate, dup]. */
export const swigluGradientKernel: FusedKernel = {
  name: 'EigenloomSwiGluGradient',
  composed: (inputs) => {
    const [gate, up, dy] = [input(inputs, 'gate'), input(inputs, 'up'), input(inputs, 'dy')];
    const s = tf.sigmoid(gate);
    const slope = tf.mul(s, tf.add(1, tf.mul(gate, tf.sub(1, s))));
    return [tf.mul(tf.mul(dy, up), slope), tf.mul(dy, tf.mul(gate, s))];
  },
};

export const swigluKernel: FusedKernel = {
  name: 'EigenloomSwiGlu',
  composed: (inputs) => {
    const gate = input(inputs, 'gate');
    return tf.mul(tf.mul(gate, tf.sigmoid(gate)), input(inputs, 'up'));
  },
  gradient: {
    save: ['gate', 'up'],
    of: (dy, saved) => {
      const [gate, up] = saved as [tf.Tensor, tf.Tensor];
      const [dgate, dup] = runFusedList(swigluGradientKernel, { gate, up, dy }) as [tf.Tensor, tf.Tensor];
      return { gate: () => dgate, up: () => dup };
    },
  },
};

/** gate σ(gate) up, the inner part of SwiGLU. Shazeer 2020, arXiv:2002.05202, equation 6. Equal shapes. Errors: `SWIGLU_SHAPES`. */
export function swiglu<T extends tf.Tensor>(gate: T, up: T): T {
  if (gate.shape.join() !== up.shape.join())
    throw incompatible(
      'SWIGLU_SHAPES',
      `swiglu: gate (${gate.shape.join(', ')}) and up (${up.shape.join(', ')}) differ`,
    );
  return runFused(swigluKernel, { gate, up }) as T;
}
