import { setImmediate } from 'node:timers/promises';

/** Elements between two turns of the event loop: some milliseconds. */
const ELEMENTS = 2 ** 20;

/** Calls `work` for each row of a matrix, without holding up the event loop. */
export async function forRows(rows: number, columns: number, work: (row: number) => void): Promise<void> {
  const stride = Math.max(1, Math.floor(ELEMENTS / Math.max(1, columns)));
  for (let start = 0; start < rows; start += stride) {
    await setImmediate();
    const end = Math.min(rows, start + stride);
    for (let row = start; row < end; row += 1) work(row);
  }
}
