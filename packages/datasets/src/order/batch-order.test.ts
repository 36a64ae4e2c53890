import { BatchOrder } from './batch-order.js';
import { epochBatches } from './batches.js';

const SIZES = [
  [1, 1],
  [1, 8],
  [7, 3],
  [64, 16],
  [1003, 16],
] as const;
const EPOCHS = 3;

const lengthsOf = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => 3 + ((i * 7919) % 120));

describe('BatchOrder', () => {
  it.each(SIZES)('holds each of %i examples once an epoch in batches of %i', (count, batchSize) => {
    const order = new BatchOrder({ lengths: lengthsOf(count), batchSize, seed: 7n });
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      const batches = Array.from({ length: order.perEpoch }, (_, i) =>
        order.batch(epoch * order.perEpoch + i),
      );
      const seen = batches.flatMap((batch) => Array.from(batch)).sort((a, b) => a - b);
      expect(seen).toEqual(Array.from({ length: count }, (_, i) => i));
      expect(batches).toEqual(epochBatches(lengthsOf(count), batchSize, 7n, epoch));
    }
  });

  it.each(SIZES)('gives the same batches of %i examples by %i wherever it starts', (count, batchSize) => {
    const options = { lengths: lengthsOf(count), batchSize, seed: 2n ** 63n + 5n };
    const first = new BatchOrder(options);
    const total = EPOCHS * first.perEpoch;
    const whole = Array.from({ length: total }, (_, i) => first.batch(i));
    for (let start = 0; start < total; start += Math.max(1, Math.floor(total / 7))) {
      const resumed = new BatchOrder(options);
      expect(Array.from({ length: total - start }, (_, i) => resumed.batch(start + i))).toEqual(
        whole.slice(start),
      );
    }
    expect(first.epochOf(total - 1)).toBe(EPOCHS - 1);
  });

  it('depends on the seed', () => {
    const order = (seed: bigint): Int32Array =>
      new BatchOrder({ lengths: lengthsOf(100), batchSize: 10, seed }).batch(0);
    expect(order(1n)).not.toEqual(order(2n));
    expect(order(1n)).not.toEqual(order(1n + 2n ** 32n));
  });

  it('refuses no examples, batches of none, and numbers below 0', () => {
    expect(() => new BatchOrder({ lengths: [], batchSize: 1, seed: 0n })).toThrow('no examples');
    for (const batchSize of [0, 1.5, NaN]) {
      expect(() => new BatchOrder({ lengths: [1], batchSize, seed: 0n })).toThrow('batch_size');
    }
    expect(() => new BatchOrder({ lengths: [1], batchSize: 1, seed: 0n }).batch(-1)).toThrow(RangeError);
  });
});
