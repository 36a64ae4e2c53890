import * as tf from '@tensorflow/tfjs-core';
import { unbroadcast, defineGradients, type GradientDefinition } from './define.js';

const first = (saved: readonly tf.Tensor[]): tf.Tensor => saved[0] as tf.Tensor;

/** dy in the shape of the input. */
const reshaped = (kernel: string, name: string): GradientDefinition => ({
  kernel,
  inputs: [name],
  of: (dy, saved) => ({ [name]: () => tf.reshape(dy, first(saved).shape) }),
});

function inverse(permutation: readonly number[]): number[] {
  const back = new Array<number>(permutation.length);
  permutation.forEach((axis, position) => (back[axis] = position));
  return back;
}

/** The gradient of a window [begin, begin + shape of dy) of a tensor. */
const padTo = (dy: tf.Tensor, shape: readonly number[], begin: readonly number[]): tf.Tensor =>
  tf.pad(
    dy,
    shape.map((size, axis) => [begin[axis] ?? 0, size - (begin[axis] ?? 0) - (dy.shape[axis] ?? 1)]),
  );

function tileGradient(dy: tf.Tensor, shape: readonly number[], reps: readonly number[]): tf.Tensor {
  const interleaved = shape.flatMap((size, axis) => [reps[axis] ?? 1, size]);
  return tf.sum(
    tf.reshape(dy, interleaved),
    shape.map((_, axis) => 2 * axis),
  );
}

function concatGradient(
  dy: tf.Tensor,
  saved: readonly tf.Tensor[],
  axis: number,
): Record<string, () => tf.Tensor> {
  const along = axis < 0 ? axis + dy.rank : axis;
  let offset = 0;
  return Object.fromEntries(
    saved.map((x, index) => {
      const begin = x.shape.map((_, a) => (a === along ? offset : 0));
      offset += x.shape[along] ?? 0;
      return [String(index), () => tf.slice(dy, begin, x.shape)];
    }),
  );
}

export const SHAPE = defineGradients([
  { kernel: tf.Identity, of: (dy) => ({ x: () => tf.cast(dy, 'float32') }) },
  { kernel: tf.Cast, of: (dy) => ({ x: () => tf.clone(dy) }) },
  reshaped(tf.Reshape, 'x'),
  reshaped(tf.ExpandDims, 'input'),
  {
    kernel: tf.Transpose,
    of: (dy, _saved, attributes) => ({ x: () => tf.transpose(dy, inverse(attributes['perm'] as number[])) }),
  },
  {
    kernel: tf.Slice,
    inputs: ['x'],
    of: (dy, saved, attributes) => ({
      x: () => padTo(dy, first(saved).shape, [attributes['begin']].flat() as number[]),
    }),
  },
  {
    kernel: tf.PadV2,
    inputs: ['x'],
    of: (dy, saved, attributes) => ({
      x: () =>
        tf.slice(
          dy,
          (attributes['paddings'] as number[][]).map((p) => p[0] ?? 0),
          first(saved).shape,
        ),
    }),
  },
  {
    kernel: tf.Concat,
    list: true,
    of: (dy, saved, attributes) => concatGradient(dy, saved, Number(attributes['axis'])),
  },
  {
    kernel: tf.Pack,
    list: true,
    of: (dy, saved, attributes) => {
      const axis = Number(attributes['axis']);
      return Object.fromEntries(
        saved.map((_, index) => [
          String(index),
          () => tf.gather(dy, index, axis < 0 ? axis + dy.rank : axis),
        ]),
      );
    },
  },
  {
    kernel: tf.Unpack,
    of: (dy, _saved, attributes) => ({
      value: () => tf.stack(dy as unknown as tf.Tensor[], Number(attributes['axis'])),
    }),
  },
  {
    kernel: tf.SplitV,
    of: (dy, _saved, attributes) => ({
      // Of a single part tf.js gives the gradient itself.
      x: () => tf.concat([dy as tf.Tensor | tf.Tensor[]].flat(), Number(attributes['axis'])),
    }),
  },
  {
    kernel: tf.Tile,
    inputs: ['x'],
    of: (dy, saved, attributes) => ({
      x: () => tileGradient(dy, first(saved).shape, attributes['reps'] as number[]),
    }),
  },
  {
    kernel: tf.BroadcastTo,
    inputs: ['x'],
    of: (dy, saved) => ({ x: () => unbroadcast(dy, first(saved).shape) }),
  },
]);
