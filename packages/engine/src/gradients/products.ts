import * as tf from '@tensorflow/tfjs-core';
import { unbroadcast, defineGradients, type GradientDefinition } from './define.js';

/** y = op(a) op(b) for each batch; either gradient is again one product. */
const batchMatMul: GradientDefinition = {
  kernel: tf.BatchMatMul,
  inputs: ['a', 'b'],
  of: (dy, saved, attributes) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor];
    const transposeA = attributes['transposeA'] === true;
    const transposeB = attributes['transposeB'] === true;
    const da = (): tf.Tensor =>
      transposeA ? tf.matMul(b, dy, transposeB, true) : tf.matMul(dy, b, false, !transposeB);
    const db = (): tf.Tensor =>
      transposeB ? tf.matMul(dy, a, true, transposeA) : tf.matMul(a, dy, !transposeA, false);
    return { a: () => unbroadcast(da(), a.shape), b: () => unbroadcast(db(), b.shape) };
  },
};

export const PRODUCTS = defineGradients([batchMatMul]);
