import * as tf from '@tensorflow/tfjs-core';
import { incompatible } from '@eigenloom/errors';

/**
 * What matrix products keep of the numbers that they multiply: all 24 bits of a float, or the 8 of a bfloat16, rounded to nearest even. Sums,
 * and everything else, stay f32.
 */
export const PRECISIONS = ['f32', 'bf16'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** A backend whose products can keep less. */
export interface PrecisionBackend {
  precision: Precision;
}

/** Sets the precision of this thread's backend from now on. Errors: `PRECISION_UNAVAILABLE`. */
export function setPrecision(precision: Precision): void {
  const backend = tf.backend() as Partial<PrecisionBackend>;
  if (backend.precision !== undefined) backend.precision = precision;
  else if (precision !== 'f32')
    throw incompatible(
      'PRECISION_UNAVAILABLE',
      `backend ${tf.getBackend()} computes in f32 only, not in bf16`,
    );
}
