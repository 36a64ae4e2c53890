import { tf } from '../../tf.js';
import type { BackendName } from '../backends.js';

/** How far an element may be from the reference: absolute + relative · |reference|. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

// Both sides round sums of at most a few hundred terms of size 1, each term within 2^-24 of its value; tf.js's own erf, a
// polynomial of Abramowitz & Stegun 7.1.26, adds an absolute error of 1.5e-7. TensorFlow's and WGSL's functions have room in it:
// WGSL grants exp 3 + 2|x| units in the last place, log 2^-21, division 2.5 units.
const GENERAL = { relative: 2e-5, absolute: 4e-6 };

// WGSL, "Accuracy of built-in functions": an absolute error of 2^-11 for sin and cos on [−π, π], here weighted by up to 1.5.
const WGSL_SIN_COS = { relative: 2e-5, absolute: 1.5 * 2 ** -11 };

export function toleranceOf(backend: BackendName, kernels: readonly string[] = []): Tolerance {
  const trigonometric = kernels.includes(tf.Sin) || kernels.includes(tf.Cos);
  return backend === 'webgpu' && trigonometric ? WGSL_SIN_COS : GENERAL;
}

/** Throws naming the first element that is too far off. NaN and infinities must be the same. */
export function agree(actual: Float32Array, expected: Float32Array, { absolute, relative }: Tolerance): void {
  if (actual.length !== expected.length) {
    throw new Error(`${String(actual.length)} elements, not ${String(expected.length)}`);
  }
  for (const [i, want] of expected.entries()) {
    const got = actual[i] ?? NaN;
    if (Object.is(got, want) || got === want) continue;
    const near = Math.abs(got - want) <= absolute + relative * Math.abs(want);
    if (!near) throw new Error(`element ${String(i)}: ${String(got)}, not ${String(want)}`);
  }
}
