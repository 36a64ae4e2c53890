import { softmaxCrossEntropy, tf } from '@eigenloom/engine';

/** Mean of −log softmax(logits)[label] over the rows whose label is not negative: [n, classes] → scalar. */
export function meanCrossEntropy(logits: tf.Tensor2D, labels: Int32Array): tf.Scalar {
  return meanOfCounted(softmaxCrossEntropy(logits, tf.tensor1d(labels, 'int32')), labels);
}

/** The sum of losses [n] over the number of labels that are not negative. */
export function meanOfCounted(losses: tf.Tensor, labels: Int32Array): tf.Scalar {
  const counted = labels.reduce((count, label) => count + (label < 0 ? 0 : 1), 0);
  return tf.mul<tf.Scalar>(tf.sum(losses), 1 / Math.max(counted, 1));
}
