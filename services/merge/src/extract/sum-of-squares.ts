import { forRows } from '../adapters/steps/for-rows.js';

const WIDTH = 4096;

/** Σ xᵢ² in f64, without holding up the event loop. */
export async function sumOfSquares(values: Float32Array): Promise<number> {
  let sum = 0;
  await forRows(Math.ceil(values.length / WIDTH), WIDTH, (row) => {
    const end = Math.min(values.length, (row + 1) * WIDTH);
    for (let i = row * WIDTH; i < end; i += 1) sum += (values[i] ?? 0) ** 2;
  });
  return sum;
}
