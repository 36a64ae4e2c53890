import { setImmediate } from 'node:timers/promises';

/** Elements moved before the event loop has its turn. */
const AT_ONCE = 2 ** 20;

/** A row-major (rows × columns) matrix as row-major (columns × rows). Gives way to the event loop; stops when the signal aborts. */
export async function transpose(
  values: Float64Array,
  rows: number,
  columns: number,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const result = new Float64Array(values.length);
  const together = Math.max(1, Math.floor(AT_ONCE / columns));
  for (let start = 0; start < rows; start += together) {
    for (let row = start; row < Math.min(rows, start + together); row += 1) {
      for (let column = 0; column < columns; column += 1) {
        result[column * rows + row] = values[row * columns + column] ?? 0;
      }
    }
    await setImmediate();
    signal?.throwIfAborted();
  }
  return result;
}
