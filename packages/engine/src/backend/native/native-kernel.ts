import type * as tf from '@tensorflow/tfjs-core';
import { NONE } from './arrays.js';
import type { NativeBackend } from './native-backend.js';

export interface KernelCall {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly backend: NativeBackend;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A kernel of the native backend; `undefined` leaves this call to the stock one. */
export type NativeKernel = (call: KernelCall) => tf.TensorInfo | tf.TensorInfo[] | undefined;

/** The input of that name; the operations check theirs before a kernel runs. */
export function need(call: KernelCall, name: string): tf.TensorInfo {
  const found = call.inputs[name];
  if (found === undefined) throw new Error(`a kernel misses its input ${name}`);
  return found;
}

/** The elements of an input that may be left out; then none. */
export function optional({ inputs, backend }: KernelCall, name: string): Float32Array {
  const found = inputs[name];
  return found === undefined ? NONE : backend.floats(found);
}

export const areFloats = (...tensors: readonly tf.TensorInfo[]): boolean =>
  tensors.every((tensor) => tensor.dtype === 'float32');
