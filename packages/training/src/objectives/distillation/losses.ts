import { tf } from '@eigenloom/engine';
import { unrecorded } from '../../gradients/tape.js';

/**
 * T²·KL(softmax(z_t/T) ‖ softmax(z_s/T)), the mean over the rows whose target is not negative: scores [rows, classes] → scalar. The factor
 * keeps the size of the gradient whatever T is. Hinton et al. 2015, section 2.
 */
export function softTargets(
  student: tf.Tensor2D,
  teacher: tf.Tensor2D,
  targets: Int32Array,
  temperature: number,
): tf.Scalar {
  const { shares, counted } = unrecorded(() => {
    const count = targets.reduce((sum, target) => sum + (target < 0 ? 0 : 1), 0);
    const weights = Float32Array.from(targets, (target) => (target < 0 ? 0 : 1 / Math.max(count, 1)));
    const counted = tf.mul(tf.tensor2d(weights, [weights.length, 1]), temperature ** 2);
    return { shares: tf.logSoftmax(tf.div<tf.Tensor2D>(teacher, temperature)), counted };
  });
  const own = tf.logSoftmax(tf.div<tf.Tensor2D>(student, temperature));
  const divergence = tf.mul(tf.exp(shares), tf.sub(shares, own));
  return tf.sum(tf.mul(divergence, counted));
}

/** (1/B)·Σ‖f_s − f_t‖² of [B, width]. Lee et al. 2023, arXiv:2210.02871, equation 4. */
export const featureDistance = (student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar =>
  tf.mul(tf.sum(tf.squaredDifference(student, teacher)), 1 / student.shape[0]);
