import * as tf from '@tensorflow/tfjs-core';
import { kernels } from '@eigenloom/numeric';
import { NONE } from './arrays.js';
import { areFloats, need, type KernelCall, type NativeKernel } from './native-kernel.js';

// The positions are the codes of the bridge.
const UNARY = [
  tf.Neg,
  tf.Exp,
  tf.Log,
  tf.Sqrt,
  tf.Rsqrt,
  tf.Square,
  tf.Abs,
  tf.Tanh,
  tf.Sigmoid,
  tf.Relu,
  tf.Erf,
  tf.Reciprocal,
  'EigenloomGelu',
  'EigenloomSilu',
];
const BINARY = [tf.Add, tf.Sub, tf.Multiply, tf.RealDiv, tf.Maximum, tf.Minimum, tf.SquaredDifference];
const GELU_GRADIENT = 7;
const SILU_GRADIENT = 8;
const SWIGLU = 9;

const unary =
  (code: number): NativeKernel =>
  (call) => {
    const x = need(call, 'x');
    if (!areFloats(x)) return undefined;
    return call.backend.output(x.shape, (out) => {
      kernels().kernelUnary(code, call.backend.floats(x), out);
    });
  };

function pair(call: KernelCall, code: number, a: tf.TensorInfo, b: tf.TensorInfo): tf.TensorInfo | undefined {
  const { backend } = call;
  if (!areFloats(a, b)) return undefined;
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const [left, right] = [Uint32Array.from(a.shape), Uint32Array.from(b.shape)];
  return backend.output(shape, (out) => {
    if (out.length > 0) kernels().kernelBinary(code, backend.floats(a), left, backend.floats(b), right, out);
  });
}

const binary =
  (code: number, a = 'a', b = 'b'): NativeKernel =>
  (call) =>
    pair(call, code, need(call, a), need(call, b));

const swigluGradient: NativeKernel = (call) => {
  const { backend } = call;
  const [gate, up, dy] = [need(call, 'gate'), need(call, 'up'), need(call, 'dy')];
  return backend.outputs([gate.shape, gate.shape], ([dgate = NONE, dup = NONE]) => {
    kernels().kernelSwigluGradient(backend.floats(gate), backend.floats(up), backend.floats(dy), dgate, dup);
  });
};

export const ELEMENTWISE: ReadonlyMap<string, NativeKernel> = new Map([
  ...UNARY.map((name, code): [string, NativeKernel] => [name, unary(code)]),
  ...BINARY.map((name, code): [string, NativeKernel] => [name, binary(code)]),
  ['EigenloomGeluGradient', binary(GELU_GRADIENT, 'x', 'dy')],
  ['EigenloomSiluGradient', binary(SILU_GRADIENT, 'x', 'dy')],
  ['EigenloomSwiGlu', binary(SWIGLU, 'gate', 'up')],
  ['EigenloomSwiGluGradient', swigluGradient],
]);
