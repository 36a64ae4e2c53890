import * as tf from '@tensorflow/tfjs-core';
import { incompatible } from '@eigenloom/errors';

/**
 * How a tensor that never changes is held: all bits, bfloat16 (2 bytes a number, rounded to nearest even), or 4-bit NormalFloat in blocks of 64
 * numbers with a scale in f32 (0.5625 bytes a number; Dettmers et al. 2023, arXiv:2305.14314, section 3).
 */
export const FROZEN_FORMATS = ['f32', 'bf16', 'nf4'] as const;
export type FrozenFormat = (typeof FROZEN_FORMATS)[number];

/** A backend that holds tensors in fewer bits. */
export interface FreezingBackend {
  freeze(values: Float32Array, shape: readonly number[], format: Exclude<FrozenFormat, 'f32'>): tf.TensorInfo;
}

/**
 * A constant of type float32 in a format. Products expand it block by block, lookups row by row, everything else whole for as long as it
 * runs. Errors: `FROZEN_UNAVAILABLE`.
 */
export function freeze(values: Float32Array, shape: readonly number[], format: FrozenFormat): tf.Tensor {
  if (format === 'f32') return tf.tensor(values, [...shape], 'float32');
  const backend = tf.backend() as Partial<FreezingBackend>;
  if (backend.freeze === undefined)
    throw incompatible('FROZEN_UNAVAILABLE', `backend ${tf.getBackend()} holds tensors in f32 only`);
  return tf.engine().makeTensorFromTensorInfo(backend.freeze(values, shape, format));
}
