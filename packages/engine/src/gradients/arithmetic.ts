import * as tf from '@tensorflow/tfjs-core';
import { unbroadcast, defineGradients, type GradientDefinition } from './define.js';

type Pair = [tf.Tensor, tf.Tensor];
type Slope = (a: tf.Tensor, b: tf.Tensor, dy: tf.Tensor) => tf.Tensor;

/** A binary kernel with broadcasting: `a` and `b` are dy · ∂y/∂a and dy · ∂y/∂b. */
const binary = (kernel: string, a: Slope, b: Slope): GradientDefinition => ({
  kernel,
  inputs: ['a', 'b'],
  of: (dy, saved) => {
    const [x, y] = saved as Pair;
    return { a: () => unbroadcast(a(x, y, dy), x.shape), b: () => unbroadcast(b(x, y, dy), y.shape) };
  },
});

const where = (condition: tf.Tensor, dy: tf.Tensor): tf.Tensor => tf.mul(dy, tf.cast(condition, 'float32'));

export const ARITHMETIC = defineGradients([
  binary(
    tf.Add,
    (_a, _b, dy) => dy,
    (_a, _b, dy) => dy,
  ),
  binary(
    tf.Sub,
    (_a, _b, dy) => dy,
    (_a, _b, dy) => tf.neg(dy),
  ),
  binary(
    tf.Multiply,
    (_a, b, dy) => tf.mul(dy, tf.cast(b, 'float32')),
    (a, _b, dy) => tf.mul(dy, tf.cast(a, 'float32')),
  ),
  binary(
    tf.RealDiv,
    (_a, b, dy) => tf.div(dy, tf.cast(b, 'float32')),
    (a, b, dy) => tf.neg(tf.div(tf.mul(dy, tf.cast(a, 'float32')), tf.square(tf.cast(b, 'float32')))),
  ),
  // At a tie both inputs get the whole gradient, as in tf.js.
  binary(
    tf.Maximum,
    (a, b, dy) => where(tf.greaterEqual(a, b), dy),
    (a, b, dy) => where(tf.less(a, b), dy),
  ),
  binary(
    tf.Minimum,
    (a, b, dy) => where(tf.lessEqual(a, b), dy),
    (a, b, dy) => where(tf.greater(a, b), dy),
  ),
  binary(
    tf.SquaredDifference,
    (a, b, dy) => tf.mul(dy, tf.mul(2, tf.sub(a, b))),
    (a, b, dy) => tf.mul(dy, tf.mul(2, tf.sub(b, a))),
  ),
  binary(
    tf.Pow,
    (a, b, dy) => tf.mul(dy, tf.mul(b, tf.pow(a, tf.sub(b, 1)))),
    // a^b ln a tends to 0 as a does; of a negative base only whole powers are defined, and b is a constant there.
    (a, b, dy) => tf.mul(dy, tf.where(tf.greater(a, 0), tf.mul(tf.pow(a, b), tf.log(a)), tf.zerosLike(a))),
  ),
  {
    kernel: tf.AddN,
    list: true,
    of: (dy, saved) => Object.fromEntries(saved.map((_, index) => [String(index), () => tf.clone(dy)])),
  },
]);
