import { scaledDotProductAttention, tf } from '@eigenloom/engine';
import { isPadded, type Batch } from '../tokens/batch.js';

/** [batch·length, heads·d] → [batch, length, heads, d]. */
export function splitHeads(x: tf.Tensor2D, batch: Batch, heads: number): tf.Tensor4D {
  return tf.reshape(x, [batch.size, batch.length, heads, x.shape[1] / heads]);
}

/** 1 for tokens, 0 for padding: [batch, length], or nothing when there is no padding. */
export function paddingMask(batch: Batch): tf.Tensor2D | undefined {
  if (!isPadded(batch)) return undefined;
  const mask = new Float32Array(batch.size * batch.length);
  batch.lengths.forEach((count, row) => mask.fill(1, row * batch.length, row * batch.length + count));
  return tf.tensor2d(mask, [batch.size, batch.length]);
}

/** Attention of heads as `splitHeads` gives them, joined again: → [batch·length, heads·d]. */
export function attend(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  options: { mask?: tf.Tensor2D | undefined; causal?: boolean },
): tf.Tensor2D {
  const [size, length, heads, width] = q.shape;
  return tf.reshape(scaledDotProductAttention(q, k, v, options), [size * length, heads * width]);
}
