import * as tf from '@tensorflow/tfjs-core';
import { incompatible } from '@eigenloom/errors';
import { asRows, input, runFusedList, type Attributes, type FusedKernel } from './fused-kernel.js';

const epsilonOf = (attributes: Attributes): number => Number(attributes['epsilon']);

/** [dx, dγ, dβ] of (x, mean, variance, gamma, dy), with mean and variance those of x. */
export const batchNormGradientsKernel: FusedKernel = {
  name: 'EigenloomBatchNormGradients',
  composed: (inputs, attributes) => {
    const [x, dy] = [input(inputs, 'x'), input(inputs, 'dy')];
    const inverse = tf.rsqrt(tf.add(input(inputs, 'variance'), epsilonOf(attributes)));
    const normalised = tf.mul(tf.sub(x, input(inputs, 'mean')), inverse);
    const rows = x.size / inverse.size;
    const [along, level] = [tf.sum(asRows(tf.mul(dy, normalised)), 0), tf.sum(asRows(dy), 0)];
    const centred = tf.sub(tf.sub(dy, tf.div(level, rows)), tf.mul(normalised, tf.div(along, rows)));
    return [tf.mul(centred, tf.mul(inverse, input(inputs, 'gamma'))), along, level];
  },
};

/** [y, mean, variance]. */
export const batchNormKernel: FusedKernel = {
  name: 'EigenloomBatchNorm',
  composed: (inputs, attributes) => {
    const x = input(inputs, 'x');
    const mean = tf.mean(asRows(x), 0);
    const centred = tf.sub(x, mean);
    const variance = tf.mean(asRows(tf.square(centred)), 0);
    const slope = tf.mul(tf.rsqrt(tf.add(variance, epsilonOf(attributes))), input(inputs, 'gamma'));
    return [tf.add(tf.mul(centred, slope), input(inputs, 'beta')), mean, variance];
  },
  gradient: {
    save: ['x', 'gamma'],
    saveOutputs: [false, true, true],
    of: (slopes, saved, attributes) => {
      const [x, gamma, mean, variance] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const [dy] = slopes as unknown as [tf.Tensor];
      const [dx, dgamma, dbeta] = runFusedList(
        batchNormGradientsKernel,
        { x, mean, variance, gamma, dy },
        attributes,
      ) as [tf.Tensor, tf.Tensor, tf.Tensor];
      return { x: () => dx, gamma: () => dgamma, beta: () => dbeta };
    },
  },
};

export interface BatchNormResult {
  readonly y: tf.Tensor;
  /** Of each channel of the batch, for running averages; without a gradient. */
  readonly mean: tf.Tensor1D;
  /** Divided by the number of elements, not by one less. */
  readonly variance: tf.Tensor1D;
}

/**
 * Normalisation of each channel by the statistics of the batch, as in training: Ioffe & Szegedy 2015, arXiv:1502.03167, Algorithm 1.
 * x (…, channels), gamma and beta (channels) → y (…, channels). With given statistics it is tf.batchNorm. Errors: `BATCH_NORM_SHAPES`.
 */
export function batchNorm(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): BatchNormResult {
  const channels = x.shape.at(-1);
  const fits = [gamma, beta].every(({ rank, shape }) => rank === 1 && shape[0] === channels);
  if (channels === undefined || !fits) {
    throw incompatible(
      'BATCH_NORM_SHAPES',
      `batch norm: x (${x.shape.join(', ')}), gamma (${gamma.shape.join(', ')}) and beta (${beta.shape.join(', ')}) do not fit`,
    );
  }
  const [y, mean, variance] = runFusedList(batchNormKernel, { x, gamma, beta }, { epsilon }) as [
    tf.Tensor,
    tf.Tensor1D,
    tf.Tensor1D,
  ];
  return { y, mean, variance };
}
