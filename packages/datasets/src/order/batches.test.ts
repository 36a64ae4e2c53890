import { epochBatches, evaluationBatches } from './batches.js';

const lengths = Array.from({ length: 1003 }, (_, i) => 3 + ((i * 7919) % 120));

describe('epochBatches', () => {
  it('holds every example once, depends on seed and epoch only, and puts like lengths together', () => {
    const batches = epochBatches(lengths, 16, 7n, 0);
    expect(batches.flatMap((b) => Array.from(b)).sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
    expect(epochBatches(lengths, 16, 7n, 0)).toEqual(batches);
    expect(epochBatches(lengths, 16, 7n, 1)).not.toEqual(batches);
    expect(epochBatches(lengths, 16, 8n, 0)).not.toEqual(batches);
    const padded = batches.reduce(
      (sum, b) => sum + b.length * Math.max(...Array.from(b, (i) => lengths[i]!)),
      0,
    );
    const tokens = lengths.reduce((a, b) => a + b, 0);
    expect(padded / tokens).toBeLessThan(1.05);
  });
});

describe('evaluationBatches', () => {
  it('goes from the longest to the shortest', () => {
    expect(evaluationBatches([2, 9, 5], 2)).toEqual([Int32Array.of(1, 2), Int32Array.of(0)]);
  });
});
