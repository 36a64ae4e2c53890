import { dropoutMask, randomBits, randomNormals, randomOrder, streamKey } from './keyed-random.js';

describe('keyed random numbers', () => {
  it('differ by seed and by every part of the key', () => {
    const keys = [
      streamKey(1n),
      streamKey(2n),
      streamKey(1n << 32n),
      streamKey(1n, 'a', 1),
      streamKey(1n, 'a', 2),
      streamKey(1n, 'ab'),
      streamKey(1n, 'a', 'b'),
    ];
    expect(new Set(keys.map((key) => randomBits(key, 0))).size).toBe(keys.length);
  });

  it('have the moments of their distributions', () => {
    const n = 200_000;
    const normals = randomNormals(streamKey(3n, 'x'), n, 2);
    const mean = normals.reduce((a, b) => a + b, 0) / n;
    const variance = normals.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
    // Five standard errors: 2/√n, and 4·√(2/n) for the variance.
    expect(Math.abs(mean)).toBeLessThan((5 * 2) / Math.sqrt(n));
    expect(Math.abs(variance - 4)).toBeLessThan(5 * 4 * Math.sqrt(2 / n));
    const dropped = dropoutMask(streamKey(4n), n, 0.1).filter((v) => v === 0).length / n;
    expect(Math.abs(dropped - 0.1)).toBeLessThan(5 * Math.sqrt(0.09 / n));
  });

  it('put every place at every rank about equally often', () => {
    const counts = new Array<number>(5).fill(0);
    for (let i = 0; i < 5000; i++) {
      const first = randomOrder(streamKey(5n, i), 5)[0]!;
      counts[first] = counts[first]! + 1;
    }
    // Five standard errors of a count with p = 1/5.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(5000 * 0.16));
  });
});
