import * as tf from '@tensorflow/tfjs-core';
import { defineGradients, type GradientDefinition } from './define.js';

function axesOf(axis: unknown, rank: number): number[] {
  const axes = [axis ?? []].flat() as number[];
  const all = axes.length === 0 ? Array.from({ length: rank }, (_, a) => a) : axes;
  return all.map((a) => (a < 0 ? a + rank : a));
}

/** A reduced tensor with the reduced axes back, as size 1. */
const keepDims = (reduced: tf.Tensor, shape: readonly number[], axes: readonly number[]): tf.Tensor =>
  tf.reshape(
    reduced,
    shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
  );

const spread = (dy: tf.Tensor, shape: readonly number[], axis: unknown): tf.Tensor =>
  tf.broadcastTo(keepDims(dy, shape, axesOf(axis, shape.length)), [...shape]);

/** Max and Min: dy to every element that equals the extreme. */
const extreme = (kernel: string): GradientDefinition => ({
  kernel,
  inputs: ['x'],
  output: true,
  of: (dy, saved, attributes) => {
    const [x, y] = saved as [tf.Tensor, tf.Tensor];
    const axes = axesOf(attributes['reductionIndices'] ?? attributes['axis'], x.rank);
    return {
      x: () =>
        tf.mul(keepDims(dy, x.shape, axes), tf.cast(tf.equal(x, keepDims(y, x.shape, axes)), 'float32')),
    };
  },
});

export const REDUCTION = defineGradients([
  {
    kernel: tf.Sum,
    inputs: ['x'],
    of: (dy, saved, attributes) => ({
      x: () => spread(dy, (saved[0] as tf.Tensor).shape, attributes['axis']),
    }),
  },
  {
    kernel: tf.Mean,
    inputs: ['x'],
    of: (dy, saved, attributes) => {
      const x = saved[0] as tf.Tensor;
      return { x: () => tf.mul(spread(dy, x.shape, attributes['axis']), dy.size / x.size) };
    },
  },
  extreme(tf.Max),
  extreme(tf.Min),
  {
    kernel: tf.Softmax,
    output: true,
    of: (dy, saved) => {
      const y = saved[0] as tf.Tensor;
      return { logits: () => tf.mul(y, tf.sub(dy, tf.sum(tf.mul(dy, y), -1, true))) };
    },
  },
  {
    kernel: tf.LogSoftmax,
    output: true,
    of: (dy, saved) => ({
      logits: () => tf.sub(dy, tf.mul(tf.exp(saved[0] as tf.Tensor), tf.sum(dy, -1, true))),
    }),
  },
  {
    kernel: tf.Cumsum,
    of: (dy, _saved, attributes) => ({
      x: () =>
        tf.cumsum(
          dy,
          Number(attributes['axis']),
          attributes['exclusive'] === true,
          attributes['reverse'] !== true,
        ),
    }),
  },
]);
