import * as tf from '@tensorflow/tfjs-core';
import { ARITHMETIC } from './arithmetic.js';
import { BATCH_NORM } from './batch-norm.js';
import { CONVOLUTION } from './convolution.js';
import type { GradientDefinition } from './define.js';
import { INDEXING } from './indexing.js';
import { PRODUCTS } from './products.js';
import { REDUCTION } from './reduction.js';
import { SHAPE } from './shape.js';
import { UNARY } from './unary.js';

/** The kernels that have a gradient beside the fused ones. */
export const GRADIENTS: readonly GradientDefinition[] = [
  ...ARITHMETIC,
  ...UNARY,
  ...SHAPE,
  ...REDUCTION,
  ...INDEXING,
  ...PRODUCTS,
  ...CONVOLUTION,
  ...BATCH_NORM,
];

/**
 * Registers the gradients of tf.js's kernels. Its Node build leaves its own out, and its ES modules that have them cannot be
 * loaded beside that build.
 */
export function registerGradients(): void {
  for (const { kernel, inputs, output, list, of } of GRADIENTS) {
    tf.registerGradient({
      kernelName: kernel,
      inputsToSave: [...(inputs ?? [])],
      ...(output === true ? { outputsToSave: [true] } : {}),
      saveAllInputs: list === true,
      gradFunc: (dy, saved, attributes) => of(dy as tf.Tensor, saved, attributes),
    });
  }
}
