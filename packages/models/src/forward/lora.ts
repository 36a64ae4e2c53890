import { tf } from '@eigenloom/engine';
import { dropoutMask, type RandomKey } from '@eigenloom/numeric';

/** One adapter pair: y = x·Wᵀ + s·(x·Aᵀ)·Bᵀ. arXiv:2106.09685, equation 3. */
export interface LoraPair {
  /** [rank, in] */
  readonly a: tf.Tensor2D;
  /** [out, rank] */
  readonly b: tf.Tensor2D;
  /** s = alpha/r, or alpha/√r when rank-stabilised. */
  readonly scaling: number;
}

/** Dropout of the adapter's input while training. */
export interface LoraDropout {
  readonly rate: number;
  /** Key of the mask for one module: it must name the step too. */
  key(module: string): RandomKey;
}

/** s·(x·Aᵀ)·Bᵀ, added to `base`: [n, in] → [n, out]. */
export function addLora(
  base: tf.Tensor2D,
  x: tf.Tensor2D,
  pair: LoraPair,
  module: string,
  dropout: LoraDropout | undefined,
): tf.Tensor2D {
  const input = dropout === undefined || dropout.rate === 0 ? x : drop(x, dropout.rate, dropout.key(module));
  const low: tf.Tensor2D = tf.matMul(input, pair.a, false, true);
  const scaled = pair.scaling === 1 ? low : tf.mul<tf.Tensor2D>(low, pair.scaling);
  return tf.add<tf.Tensor2D>(base, tf.matMul(scaled, pair.b, false, true));
}

function drop(x: tf.Tensor2D, rate: number, key: RandomKey): tf.Tensor2D {
  return tf.mul<tf.Tensor2D>(x, tf.tensor2d(dropoutMask(key, x.size, rate), x.shape));
}
