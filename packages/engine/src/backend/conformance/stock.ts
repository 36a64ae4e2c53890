import { tf } from '../../tf.js';
import type { Case, Run } from './case.js';

// Kernels that no backend of Eigenloom's replaces, with Eigenloom's own gradients (gradients/).

const one = (name: string, run: Run, inputs: Case['inputs'], positive = false): Case => ({
  name: `${name} ${inputs.map((shape) => shape.join('x')).join(' ')}`,
  kernels: [name],
  run,
  inputs,
  positive,
});
const of3d = [[3, 5, 7]];

const unary: readonly Case[] = (
  [
    [tf.Expm1, tf.expm1],
    [tf.Log1p, tf.log1p],
    [tf.Softplus, tf.softplus],
    [tf.Sin, tf.sin],
    [tf.Cos, tf.cos],
    [tf.ClipByValue, (x) => tf.clipByValue(x, -0.5, 1)],
    [tf.Step, tf.step],
    [tf.Sign, tf.sign],
    [tf.Floor, tf.floor],
    [tf.Ceil, tf.ceil],
    [tf.Round, tf.round],
    [tf.Identity, (x) => tf.mul(tf.clone(x), x)],
    [tf.Cast, (x) => tf.mul(tf.cast(x, 'float32'), x)],
  ] as [string, Run][]
).map(([name, run]) => one(name, run, [[37, 41]], name === tf.Log1p));

const shape: readonly Case[] = [
  one(tf.Reshape, (x) => tf.reshape(x, [7, 15]), of3d),
  one(tf.ExpandDims, (x) => tf.expandDims(x, 1), of3d),
  one(tf.BroadcastTo, (x) => tf.broadcastTo(x, [3, 5, 7]), [[5, 1]]),
];

const others: readonly Case[] = [
  one(tf.Pow, (a, b) => tf.pow(a, b), [[5, 7], [7]], true),
  one(tf.AddN, (a, b, c) => tf.addN([a, b, c]), [
    [5, 7],
    [5, 7],
    [5, 7],
  ]),
  one(tf.Min, (x) => tf.min(x, 1), of3d),
  one(tf.Cumsum, (x) => tf.cumsum(x, 1, true, true), of3d),
  one(tf.UnsortedSegmentSum, (x) => tf.unsortedSegmentSum(x, tf.tensor1d([2, 0, 2], 'int32'), 4), of3d),
  one(tf.Select, (a, b) => tf.where(tf.tensor1d([1, 0, 0, 1, 1, 0, 1], 'bool'), a, b), [
    [5, 7],
    [5, 7],
  ]),
];

export const STOCK: readonly Case[] = [...unary, ...shape, ...others];
