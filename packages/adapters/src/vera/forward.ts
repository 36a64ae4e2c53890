import { tf } from '@eigenloom/engine';

import { drop } from '../lora/forward.js';
import type { Hooks } from '../parametrisation.js';
import type { VeraPart, VeraSettings } from './spec.js';

/** y + b∘(d∘(x·Aᵀ))·Bᵀ with the corners of A and B that the module needs. arXiv:2310.11454, equation 2. */
export const hooksOf = ({ rank, dropout }: VeraSettings): Hooks<VeraPart> => ({
  linear: (site, tensors) => {
    const corner = (part: VeraPart, rows: number, columns: number): tf.Tensor2D =>
      tf.slice2d(tensors(part) as tf.Tensor2D, [0, 0], [rows, columns]);
    return (x, { y }, context) => {
      const dropped = drop(x, dropout, site.path, context);
      const low = tf.matMul(dropped, corner('vera_A', rank, site.in), false, true);
      const scaled = tf.mul<tf.Tensor2D>(low, tensors('vera_lambda_d'));
      const high = tf.matMul(scaled, corner('vera_B', site.out, rank), false, true);
      return tf.add<tf.Tensor2D>(y, tf.mul(high, tensors('vera_lambda_b')));
    };
  },
});
