import { scaledDotProductAttention, tf } from '@eigenloom/engine';
import type { AttentionStates } from './adapter-hooks.js';
import { isPadded, type RowLayout } from './row-layout.js';

/** [size·length, heads·d] → [size, length, heads, d]. */
export function splitHeads(
  x: tf.Tensor2D,
  { size, length }: Pick<RowLayout, 'size' | 'length'>,
  heads: number,
): tf.Tensor4D {
  return tf.reshape(x, [size, length, heads, x.shape[1] / heads]);
}

/** 1 for rows, 0 for padding: [size, length], or nothing when there is no padding. */
export function paddingMask(layout: RowLayout): tf.Tensor2D | undefined {
  if (!isPadded(layout)) return undefined;
  const { size, length, lengths } = layout;
  const mask = new Float32Array(size * length);
  lengths.forEach((count, row) => mask.fill(1, row * length, row * length + count));
  return tf.tensor2d(mask, [size, length]);
}

export interface AttendOptions {
  /** As `paddingMask` gives it. */
  readonly mask?: tf.Tensor2D | undefined;
  readonly causal?: boolean;
}

/** Attention of heads as `splitHeads` gives them, joined again: → [size·queries, heads·d]. Keys before those of the mask are seen. */
export function attend({ q, k, v }: AttentionStates, { mask, ...options }: AttendOptions): tf.Tensor2D {
  const [size, queries, heads, width] = q.shape;
  const before = k.shape[1] - (mask?.shape[1] ?? k.shape[1]);
  const whole =
    mask === undefined || before === 0 ? mask : tf.concat([tf.ones<tf.Rank.R2>([size, before]), mask], 1);
  const joined = scaledDotProductAttention(q, k, v, { ...options, mask: whole });
  return tf.reshape(joined, [size * queries, heads * width]);
}
