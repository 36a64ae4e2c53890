import { randomBits, randomOrder, streamKey } from '@eigenloom/numeric';

// Batches of one pool are sorted by length; pools are shuffled. Large enough for little padding, small enough for the order
// to stay random.
const BATCHES_PER_POOL = 50;

/**
 * Indices of the examples of each batch of one epoch, texts of like length together. The order depends on the seed, the epoch
 * and the lengths only. The last batch may be smaller.
 */
export function epochBatches(
  lengths: ArrayLike<number>,
  batchSize: number,
  seed: bigint,
  epoch: number,
): Int32Array[] {
  const order = randomOrder(streamKey(seed, 'order', epoch), lengths.length);
  const tie = streamKey(seed, 'tie', epoch);
  const batches: Int32Array[] = [];
  const poolSize = batchSize * BATCHES_PER_POOL;
  for (let start = 0; start < order.length; start += poolSize) {
    const pool = order
      .slice(start, start + poolSize)
      .sort(
        (a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || randomBits(tie, a) - randomBits(tie, b) || a - b,
      );
    for (let i = 0; i < pool.length; i += batchSize) batches.push(pool.slice(i, i + batchSize));
  }
  return Array.from(
    randomOrder(streamKey(seed, 'batches', epoch), batches.length),
    (i) => batches[i] ?? new Int32Array(0),
  );
}

/** Indices in order of length, longest first, so that a batch too large for memory fails at once. */
export function evaluationBatches(lengths: ArrayLike<number>, batchSize: number): Int32Array[] {
  const order = Int32Array.from({ length: lengths.length }, (_, i) => i);
  order.sort((a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0) || a - b);
  return Array.from({ length: Math.ceil(order.length / batchSize) }, (_, i) =>
    order.slice(i * batchSize, (i + 1) * batchSize),
  );
}
