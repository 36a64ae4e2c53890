import * as tf from '@tensorflow/tfjs-core';

/** The gradient of each input of a kernel, given dy and what was saved. */
export interface GradientDefinition {
  readonly kernel: string;
  /** Names of inputs to save. */
  readonly inputs?: readonly string[];
  /** Saves the (only) output behind the inputs. */
  readonly output?: boolean;
  /** Saves all inputs, of a kernel that takes a list. */
  readonly list?: boolean;
  readonly of: (
    dy: tf.Tensor,
    saved: readonly tf.Tensor[],
    attributes: tf.NamedAttrMap,
  ) => Record<string, () => tf.Tensor>;
}

/** Sums `gradient` over the axes along which an input of `shape` was broadcast. */
export function unbroadcast(gradient: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const extra = gradient.rank - shape.length;
  const axes = gradient.shape.flatMap((size, axis) =>
    axis < extra || (shape[axis - extra] === 1 && size !== 1) ? [axis] : [],
  );
  const summed = axes.length === 0 ? gradient : tf.sum(gradient, axes);
  return tf.reshape(summed, [...shape]);
}

/** A list of gradients, typed. */
export function defineGradients(gradients: readonly GradientDefinition[]): readonly GradientDefinition[] {
  return gradients;
}
