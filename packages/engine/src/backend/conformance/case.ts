import type { tf } from '../../tf.js';

export type Run = (...inputs: tf.Tensor[]) => tf.Tensor;

/** A function of tensors whose result and gradients every backend must agree on. */
export interface Case {
  readonly name: string;
  /** The kernels that it is there for. */
  readonly kernels: readonly string[];
  readonly run: Run;
  readonly inputs: readonly (readonly number[])[];
  /** All inputs above zero. */
  readonly positive?: boolean;
  /** Has no gradient. */
  readonly constant?: boolean;
}

/** Numbers of about size 1 that depend on their index alone. */
export function values(shape: readonly number[], seed: number, positive = false): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: size }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    const unit = x - Math.floor(x);
    return positive ? 0.2 + unit : 3 * unit - 1.5;
  });
}
