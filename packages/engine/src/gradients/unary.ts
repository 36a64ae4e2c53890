import * as tf from '@tensorflow/tfjs-core';
import { defineGradients, type GradientDefinition } from './define.js';

type Slope = (dy: tf.Tensor, value: tf.Tensor, attributes: tf.NamedAttrMap) => tf.Tensor;

const ofInput = (kernel: string, slope: Slope): GradientDefinition => ({
  kernel,
  inputs: ['x'],
  of: (dy, saved, attributes) => ({
    x: () => slope(dy, tf.cast(saved[0] as tf.Tensor, 'float32'), attributes),
  }),
});

const ofOutput = (kernel: string, slope: Slope): GradientDefinition => ({
  kernel,
  output: true,
  of: (dy, saved, attributes) => ({ x: () => slope(dy, saved[0] as tf.Tensor, attributes) }),
});

const zero = (kernel: string): GradientDefinition => ({
  kernel,
  of: (dy) => ({ x: () => tf.zerosLike(dy) }),
});

export const UNARY = defineGradients([
  { kernel: tf.Neg, of: (dy) => ({ x: () => tf.neg(dy) }) },
  ofOutput(tf.Exp, (dy, y) => tf.mul(dy, y)),
  ofInput(tf.Expm1, (dy, x) => tf.mul(dy, tf.exp(x))),
  ofInput(tf.Log, (dy, x) => tf.div(dy, x)),
  ofInput(tf.Log1p, (dy, x) => tf.div(dy, tf.add(1, x))),
  ofOutput(tf.Sqrt, (dy, y) => tf.div(dy, tf.mul(2, y))),
  ofOutput(tf.Rsqrt, (dy, y) => tf.mul(dy, tf.mul(-0.5, tf.mul(y, tf.square(y))))),
  ofInput(tf.Square, (dy, x) => tf.mul(dy, tf.mul(2, x))),
  ofOutput(tf.Reciprocal, (dy, y) => tf.neg(tf.mul(dy, tf.square(y)))),
  ofInput(tf.Abs, (dy, x) => tf.mul(dy, tf.sign(x))),
  ofOutput(tf.Tanh, (dy, y) => tf.mul(dy, tf.sub(1, tf.square(y)))),
  ofOutput(tf.Sigmoid, (dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y)))),
  ofInput(tf.Softplus, (dy, x) => tf.mul(dy, tf.sigmoid(x))),
  ofInput(tf.Relu, (dy, x) => tf.mul(dy, tf.step(x))),
  ofInput(tf.Erf, (dy, x) => tf.mul(dy, tf.mul(2 / Math.sqrt(Math.PI), tf.exp(tf.neg(tf.square(x)))))),
  ofInput(tf.Sin, (dy, x) => tf.mul(dy, tf.cos(x))),
  ofInput(tf.Cos, (dy, x) => tf.neg(tf.mul(dy, tf.sin(x)))),
  ofInput(tf.ClipByValue, (dy, x, attributes) => {
    const inside = tf.logicalAnd(
      tf.greaterEqual(x, Number(attributes['clipValueMin'])),
      tf.lessEqual(x, Number(attributes['clipValueMax'])),
    );
    return tf.mul(dy, tf.cast(inside, 'float32'));
  }),
  zero(tf.Step),
  zero(tf.Sign),
  zero(tf.Floor),
  zero(tf.Ceil),
  zero(tf.Round),
]);
