import * as tf from '@tensorflow/tfjs-core';

/** A backend's own norm, where it has one. */
export interface NormBackend {
  sumOfSquares(tensor: tf.Tensor): number;
}

/** The 2-norm of all elements of all tensors together, for clipping. The sum over tensors is in double precision. */
export async function globalNorm(tensors: readonly tf.Tensor[]): Promise<number> {
  const backend = tf.backend() as Partial<NormBackend>;
  let total = 0;
  for (const tensor of tensors) {
    if (backend.sumOfSquares !== undefined) {
      total += backend.sumOfSquares(tensor);
      continue;
    }
    const sum = tf.tidy(() => tf.sum(tf.square(tensor)));
    total += (await sum.data())[0] ?? 0;
    sum.dispose();
  }
  return Math.sqrt(total);
}
