import { rotary } from '../../ops/rotary.js';
import { tf } from '../../tf.js';
import type { Case, Run } from './case.js';

// Kernels that move elements to other places.

const one = (kernel: string, what: string, run: Run, inputs: Case['inputs']): Case => ({
  ...{ name: `${kernel} ${what}`, kernels: [kernel], run, inputs },
});
const of3d = [[3, 5, 7]];
const large = [[37, 65, 33]];

export const LAYOUT: readonly Case[] = [
  one(tf.Slice, 'of all axes', (x) => tf.slice(x, [1, 0, 2], [2, 5, 3]), of3d),
  one(tf.Slice, 'to the end', (x) => tf.slice(x, [1, 2], [-1, -1]), of3d),
  one(tf.Slice, 'of whole rows', (x) => tf.slice(x, [3], [30]), large),
  one(tf.Slice, 'of columns', (x) => tf.slice(x, [0, 0, 16], [37, 65, 17]), large),
  one(tf.Slice, 'of nothing', (x) => tf.slice(x, [3, 0, 0], [0, 5, 7]), of3d),
  ...[0, 1, 2].map((axis) =>
    one(tf.SplitV, `along ${axis}`, (x) => tf.concat(tf.split(x, [2, 4, 1], axis).reverse(), axis), [
      [7, 7, 7],
    ]),
  ),
  one(tf.SplitV, 'into one part', (x) => tf.split(x, [3], 0)[0] as tf.Tensor, of3d),
  ...[0, 1, -1].map((axis) =>
    one(tf.Concat, `along ${axis}`, (a, b, c) => tf.concat([a, b, c], axis), [
      [3, 2, 4],
      [3, 2, 4],
      [3, 2, 4],
    ]),
  ),
  one(tf.Concat, 'of other sizes', (a, b) => tf.concat([a, b], 1), [
    [3, 2, 4],
    [3, 5, 4],
  ]),
  one(tf.Concat, 'of nothing and something', (a, b) => tf.concat([a, b], 0), [
    [0, 4],
    [3, 4],
  ]),
  ...[0, 1, 2].map((axis) =>
    one(tf.Pack, `along ${axis}`, (a, b) => tf.stack([a, b], axis), [
      [3, 4],
      [3, 4],
    ]),
  ),
  ...[0, 1, 2].map((axis) =>
    one(tf.Unpack, `along ${axis}`, (x) => tf.unstack(x, axis).reduce((a, b) => tf.mul(a, b)), of3d),
  ),
  one(
    tf.PadV2,
    'of all axes',
    (x) =>
      tf.pad(x, [
        [1, 0],
        [0, 2],
        [3, 1],
      ]),
    of3d,
  ),
  one(
    tf.PadV2,
    'with another number',
    (x) =>
      tf.pad(
        x,
        [
          [0, 2],
          [1, 1],
          [0, 0],
        ],
        1.5,
      ),
    of3d,
  ),
  one(tf.Tile, 'of all axes', (x) => tf.tile(x, [2, 1, 3]), of3d),
  one(tf.Tile, 'of one element', (x) => tf.tile(x, [300, 2]), [[1, 1]]),
  ...[
    [2, 3, 4, 6],
    [3, 70, 2, 64],
    [1, 1, 1, 2],
    [0, 3, 2, 4],
  ].map(([batch = 0, length = 0, heads = 0, width = 0]) =>
    one(
      'EigenloomRotary',
      [batch, length, heads, width].join('x'),
      (x) => {
        const angles: tf.Tensor2D = tf.outerProduct(tf.range(0, length), tf.linspace(1, 0.1, width / 2));
        return rotary(x as tf.Tensor4D, { cos: tf.cos(angles), sin: tf.sin(angles) });
      },
      [[batch, length, heads, width]],
    ),
  ),
];
