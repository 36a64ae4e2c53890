import { matmul } from './matmul.js';
import { svd } from './svd.js';

describe('svd', () => {
  test('of a diagonal matrix gives its sorted magnitudes', async () => {
    const a = { rows: 2, columns: 3, data: Float64Array.from([0, -2, 0, 3, 0, 0]) };
    const { u, s, vt } = await svd(a, { vectors: 'thin' });
    expect([...s]).toEqual([3, 2]);
    const scaled = { ...vt, data: vt.data.map((value, index) => value * (s[Math.floor(index / 3)] ?? 0)) };
    const product = await matmul(u, scaled);
    product.data.forEach((value, index) => {
      expect(value).toBeCloseTo(a.data[index] ?? NaN, 14);
    });
  });

  test('refuses NaN and says where it is', async () => {
    const a = { rows: 1, columns: 3, data: Float32Array.from([1, NaN, 2]) };
    await expect(svd(a, { vectors: 'none' })).rejects.toMatchObject({
      kind: 'NUMERIC',
      reason: 'NON_FINITE',
      message: 'svd: NaN at index 1',
    });
  });

  test('returns no vectors unless asked to', async () => {
    const result = await svd({ rows: 1, columns: 1, data: Float32Array.of(-3) }, { vectors: 'none' });
    expect(Object.keys(result)).toEqual(['s']);
    expect([...result.s]).toEqual([3]);
  });
});
