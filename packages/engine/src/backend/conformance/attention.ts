import { scaledDotProductAttention } from '../../ops/attention.js';
import { tf } from '../../tf.js';
import type { Case } from './case.js';

export const ATTENTION: readonly Case[] = [
  { kv: 4, queries: 5, keys: 5, causal: false, mask: true },
  { kv: 4, queries: 5, keys: 5, causal: true, mask: false },
  { kv: 2, queries: 3, keys: 7, causal: true, mask: true },
  { kv: 1, queries: 70, keys: 67, causal: false, mask: true },
].map(({ kv, queries, keys, causal, mask }): Case => ({
  name: `attention of ${String(queries)} to ${String(keys)}, 4 to ${String(kv)} heads ${String(causal)} ${String(mask)}`,
  kernels: ['EigenloomAttention', 'EigenloomAttentionGradient'],
  run: (q, k, v) =>
    scaledDotProductAttention(q, k, v, {
      causal,
      mask: mask
        ? tf.tensor2d(
            Array.from({ length: 2 * keys }, (_, i) => (i % keys < 2 ? 1 : i % 3 === 0 ? 0 : 1)),
            [2, keys],
            'int32',
          )
        : undefined,
    }),
  inputs: [
    [2, queries, 4, 8],
    [2, keys, kv, 8],
    [2, keys, kv, 8],
  ],
}));
