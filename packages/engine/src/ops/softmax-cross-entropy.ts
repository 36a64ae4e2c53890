import * as tf from '@tensorflow/tfjs-core';
import { incompatible } from '@eigenloom/errors';
import { input, runFused, type FusedKernel } from './fused-kernel.js';

/** One-hot rows; a negative label gives a row of zeros. */
const oneHot = (labels: tf.Tensor, classes: number): tf.Tensor =>
  tf.cast(tf.oneHot(labels as tf.Tensor1D, classes), 'float32');

export const crossEntropyGradientKernel: FusedKernel = {
  name: 'EigenloomSoftmaxCrossEntropyGradient',
  composed: (inputs) => {
    const [logits, labels, dy] = [input(inputs, 'logits'), input(inputs, 'labels'), input(inputs, 'dy')];
    const hot = oneHot(labels, logits.shape[1] ?? 0);
    const counted = tf.cast(tf.greaterEqual(labels, 0), 'float32');
    const difference = tf.sub(tf.softmax(logits), hot);
    return tf.mul(difference, tf.expandDims(tf.mul(dy, counted), 1));
  },
};

export const crossEntropyKernel: FusedKernel = {
  name: 'EigenloomSoftmaxCrossEntropy',
  composed: (inputs) => {
    const [logits, labels] = [input(inputs, 'logits'), input(inputs, 'labels')];
    const hot = oneHot(labels, logits.shape[1] ?? 0);
    return tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), hot), 1));
  },
  gradient: {
    save: ['logits', 'labels'],
    of: (dy, saved) => {
      const [logits, labels] = saved as [tf.Tensor, tf.Tensor];
      return {
        logits: () => runFused(crossEntropyGradientKernel, { logits, labels, dy }),
        labels: () => {
          throw new Error('labels have no gradient');
        },
      };
    },
  },
};

/**
 * −log softmax(logits)[label], for each row. logits (n, classes), labels int32 (n) → (n).
 * Rows with a negative label (−100 marks padding) give 0 and no gradient; the caller divides by the rows that count.
 */
export function softmaxCrossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor1D {
  if (
    logits.rank !== 2 ||
    labels.rank !== 1 ||
    labels.dtype !== 'int32' ||
    labels.shape[0] !== logits.shape[0]
  ) {
    throw incompatible(
      'CROSS_ENTROPY_SHAPES',
      `cross entropy: logits (${logits.shape.join(', ')}) and ${labels.dtype} labels (${labels.shape.join(', ')}) do not fit`,
    );
  }
  return runFused(crossEntropyKernel, { logits, labels }) as tf.Tensor1D;
}
