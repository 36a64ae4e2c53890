import { tf } from '../../tf.js';
import type { Case } from './case.js';

export const AXES: readonly Case[] = [
  ...(
    [
      ['Sum', tf.sum],
      ['Mean', tf.mean],
      ['Max', tf.max],
    ] as [string, (x: tf.Tensor, axis?: number[], keep?: boolean) => tf.Tensor][]
  ).flatMap(([name, run]): Case[] =>
    [
      { shape: [5, 7, 3], axis: [2] },
      { shape: [5, 7, 3], axis: [0] },
      { shape: [5, 7, 3], axis: [1] },
      { shape: [5, 7, 3], axis: [0, 1] },
      { shape: [5, 7, 3], axis: [0, 2] },
      { shape: [700, 33], axis: [0] },
      { shape: [5, 7], axis: undefined },
    ].flatMap(({ shape, axis }) =>
      [false, true].map((keep) => ({
        name: `${name} of ${shape.join('x')} over ${axis?.join() ?? 'all'} ${String(keep)}`,
        kernels: [name],
        run: (x: tf.Tensor) => run(x, axis, keep),
        inputs: [shape],
      })),
    ),
  ),
  ...[
    { shape: [5, 7], perm: [1, 0] },
    { shape: [2, 3, 4, 5], perm: [0, 2, 1, 3] },
    { shape: [2, 3, 4, 5], perm: [3, 1, 0, 2] },
    { shape: [70, 1, 65], perm: [2, 1, 0] },
    { shape: [0, 3], perm: [1, 0] },
  ].map(({ shape, perm }): Case => ({
    name: `Transpose ${shape.join('x')} to ${perm.join()}`,
    kernels: [tf.Transpose],
    run: (x) => tf.transpose(x, perm),
    inputs: [shape],
  })),
  ...[0, 1, -1].map((axis): Case => ({
    name: `GatherV2 along ${String(axis)}`,
    kernels: [tf.GatherV2, tf.UnsortedSegmentSum],
    run: (x) =>
      tf.gather(
        x,
        tf.tensor2d(
          [
            [3, 0],
            [3, 2],
          ],
          [2, 2],
          'int32',
        ),
        axis,
      ),
    inputs: [[5, 6, 4]],
  })),
];
