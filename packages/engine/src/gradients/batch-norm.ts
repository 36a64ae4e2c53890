import * as tf from '@tensorflow/tfjs-core';
import { defineGradients, unbroadcast } from './define.js';

export const BATCH_NORM = defineGradients([
  {
    kernel: tf.FusedBatchNorm,
    inputs: ['x', 'mean', 'variance', 'scale'],
    of: (dy, saved, attributes) => {
      const [x, mean, variance, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const inverse = tf.rsqrt(tf.add(variance, Number(attributes['varianceEpsilon'] ?? 0.001)));
      const sloped = tf.mul(dy, tf.mul(inverse, scale));
      const centred = (): tf.Tensor => tf.sub(x, mean);
      return {
        x: () => tf.clone(sloped),
        mean: () => unbroadcast(tf.neg(sloped), mean.shape),
        variance: () => {
          const squared = tf.mul(-0.5, tf.square(inverse));
          return tf.mul(unbroadcast(tf.mul(sloped, centred()), variance.shape), squared);
        },
        scale: () => tf.mul(unbroadcast(tf.mul(dy, centred()), scale.shape), inverse),
        offset: () => unbroadcast(dy, scale.shape),
      };
    },
  },
]);
