import { batchNorm } from '../../ops/batch-norm.js';
import { tf } from '../../tf.js';
import type { Case } from './case.js';

export const BATCH_NORM: readonly Case[] = [
  ...[
    [7, 5],
    [2, 5, 6, 33],
    [1, 4],
  ].map((shape): Case => {
    const channels = shape.at(-1) ?? 0;
    return {
      name: `batchNorm of a batch ${shape.join('x')}`,
      kernels: ['EigenloomBatchNorm', 'EigenloomBatchNormGradients'],
      run: (x, gamma, beta) => batchNorm(x, gamma, beta, 1e-3).y,
      inputs: [shape, [channels], [channels]],
    };
  }),
  {
    name: 'batchNorm with given statistics',
    kernels: [tf.FusedBatchNorm],
    run: (x, mean, variance, offset, scale) =>
      tf.batchNorm(
        x as tf.Tensor4D,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        offset as tf.Tensor1D,
        scale as tf.Tensor1D,
        1e-3,
      ),
    inputs: [[2, 5, 6, 33], [33], [33], [33], [33]],
    positive: true,
  },
];
