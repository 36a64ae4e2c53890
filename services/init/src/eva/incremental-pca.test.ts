import { svd } from '@eigenloom/numeric';
import { IncrementalPca } from './incremental-pca.js';

const WIDTH = 12;
const ROWS = 90;
/** Five directions of falling variance around a mean that is not zero. */
const data = Float32Array.from({ length: ROWS * WIDTH }, (_, at) => {
  const [i, j] = [Math.floor(at / WIDTH), at % WIDTH];
  let sum = 3 + j;
  for (let k = 0; k < 5; k += 1)
    sum += 2 ** -k * Math.sin(1.7 * i * (k + 1) + k) * Math.cos((k + 1) * (j + 0.5) * 0.26);
  return sum;
});

async function exact(): Promise<{ explained: number[]; vt: Float64Array }> {
  const mean = Array.from({ length: WIDTH }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < ROWS; i += 1) sum += data[i * WIDTH + j]!;
    return sum / ROWS;
  });
  const centred = Float64Array.from(data, (value, at) => value - mean[at % WIDTH]!);
  const { s, vt } = await svd({ rows: ROWS, columns: WIDTH, data: centred }, { vectors: 'thin' });
  const total = s.reduce((sum, value) => sum + value * value, 0);
  return { explained: Array.from(s, (value) => (value * value) / total), vt: vt.data };
}

describe('IncrementalPca', () => {
  it.each([[[90]], [[30, 30, 30]], [[50, 7, 33]]])(
    'of batches %j is the PCA of all rows',
    async (batches) => {
      const pca = new IncrementalPca(WIDTH, 5, 1n);
      let from = 0;
      for (const rows of batches) {
        await pca.add(data.subarray(from * WIDTH, (from + rows) * WIDTH), rows);
        from += rows;
      }
      const { explained, vectors } = pca.components!;
      const whole = await exact();
      for (let k = 0; k < 5; k += 1) {
        expect(explained[k]).toBeCloseTo(whole.explained[k]!, 5);
        let dot = 0;
        for (let j = 0; j < WIDTH; j += 1) dot += vectors[k * WIDTH + j]! * whole.vt[k * WIDTH + j]!;
        expect(Math.abs(dot)).toBeGreaterThan(0.9999);
      }
    },
  );

  it('tells how far components have moved', async () => {
    const pca = new IncrementalPca(WIDTH, 3, 1n);
    await pca.add(data.subarray(0, 2 * WIDTH), 2);
    expect(pca.components).toBeUndefined();
    await pca.add(data, ROWS);
    expect(Array.from(pca.components!.cosines)).toEqual([0, 0, 0]);
    await pca.add(data, ROWS);
    for (const cosine of pca.components!.cosines) expect(cosine).toBeGreaterThan(0.9999);
  });
});
