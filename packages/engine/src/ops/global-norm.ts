import * as tf from '@tensorflow/tfjs-core';

/** A backend's own norm, where it has one. */
export interface NormBackend {
  sumOfSquares(tensor: tf.Tensor): number;
}

/** The 2-norm of all elements of all tensors together, for clipping. The sum over tensors is in double precision. */
export async function globalNorm(tensors: readonly tf.Tensor[]): Promise<number> {
  const backend = tf.backend() as Partial<NormBackend>;
  const sums =
    backend.sumOfSquares === undefined
      ? await readSums(tensors)
      : tensors.map((tensor) => (backend as NormBackend).sumOfSquares(tensor));
  return Math.sqrt(sums.reduce((total, sum) => total + sum, 0));
}

/** One read for all, because each waits for a GPU to finish. */
async function readSums(tensors: readonly tf.Tensor[]): Promise<number[]> {
  if (tensors.length === 0) return [];
  const sums = tf.tidy(() => tf.stack(tensors.map((tensor) => tf.sum(tf.square(tensor)))));
  const values = [...(await sums.data())];
  sums.dispose();
  return values;
}
