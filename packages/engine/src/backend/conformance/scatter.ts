import { tf } from '../../tf.js';
import type { Case } from './case.js';

const pairs = (): tf.Tensor2D => tf.tensor2d([2, 1, 0, 4, 2, 1, 1, 0], [4, 2], 'int32');
const distinct = (): tf.Tensor2D => tf.tensor2d([2, 1, 0, 4, 1, 0], [3, 2], 'int32');

export const SCATTER: readonly Case[] = [
  {
    name: 'gatherND of rows',
    kernels: [tf.GatherNd, tf.ScatterNd],
    run: (x) => tf.gatherND(x, pairs()),
    inputs: [[3, 5, 7]],
  },
  {
    name: 'gatherND of elements',
    kernels: [tf.GatherNd, tf.ScatterNd],
    run: (x) => tf.gatherND(x, pairs()),
    inputs: [[3, 5]],
  },
  {
    name: 'scatterND',
    kernels: [tf.ScatterNd, tf.GatherNd],
    run: (updates) => tf.scatterND(pairs(), updates, [3, 5, 7]),
    inputs: [[4, 7]],
  },
  {
    name: 'tensorScatterUpdate',
    kernels: [tf.TensorScatterUpdate],
    run: (x, updates) => tf.tensorScatterUpdate(x, distinct(), updates),
    inputs: [
      [3, 5, 7],
      [3, 7],
    ],
  },
];
