import { setImmediate } from 'node:timers/promises';

/** Elements between two turns of the event loop: some milliseconds. */
const STRIDE = 2 ** 22;

/** Σ xᵢ² in f64, without holding up the event loop. */
export async function sumOfSquares(values: Float32Array, signal: AbortSignal): Promise<number> {
  let sum = 0;
  for (let start = 0; start < values.length; start += STRIDE) {
    const end = Math.min(values.length, start + STRIDE);
    for (let i = start; i < end; i += 1) sum += (values[i] ?? 0) ** 2;
    if (end < values.length) await setImmediate(undefined, { signal });
  }
  return sum;
}
