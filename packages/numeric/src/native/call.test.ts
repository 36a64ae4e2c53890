import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import { matmul } from '../linalg/matmul.js';
import { svd } from '../linalg/svd.js';
import type { Matrix } from '../matrix.js';
import { randomNormal } from '../random.js';
import { setThreads, threads } from '../threads.js';

async function normal(size: number): Promise<Matrix<Float32Array>> {
  const data = await randomNormal({ seed: 1n, stream: 0n, length: size * size, precision: 'f32' });
  return { rows: size, columns: size, data };
}

/** What this process has computed so far. Other processes take from the clock, but not from this. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

describe('a long call', () => {
  test('stops soon after it is cancelled, and leaves the event loop free', async () => {
    const a = await normal(1200);
    const start = cpuMs();
    await svd(a, { vectors: 'thin' });
    const wholeMs = cpuMs() - start;
    const abort = new AbortController();
    const again = cpuMs();
    const call = svd(a, { vectors: 'thin' }, { signal: abort.signal });
    const settled = expect(call).rejects.toMatchObject({ kind: 'CANCELLED', reason: 'CANCELLED' });
    // Were the event loop not free, the call would end before these turns of it.
    while (cpuMs() - again < 0.1 * wholeMs) await delay(1);
    const cancelled = cpuMs();
    abort.abort();
    await settled;
    expect(cpuMs() - cancelled).toBeLessThan(0.3 * wholeMs);
  });

  test('is dropped at once when it is cancelled in the queue', async () => {
    const a = await normal(1500);
    const abort = new AbortController();
    const calls = Array.from({ length: 8 }, () => svd(a, { vectors: 'thin' }, { signal: abort.signal }));
    const settled = Promise.allSettled(calls);
    abort.abort();
    for (const result of await settled) expect(result).toMatchObject({ reason: { reason: 'CANCELLED' } });
  });

  test('tells a deadline from a cancellation', async () => {
    const a = await normal(1500);
    const passed = AbortSignal.timeout(1);
    if (!passed.aborted) await once(passed, 'abort');
    const tooLate = { kind: 'DEADLINE_EXCEEDED' };
    await expect(svd(a, { vectors: 'thin' }, { signal: passed })).rejects.toMatchObject(tooLate);
    const abort = new AbortController();
    const call = svd(a, { vectors: 'thin' }, { signal: abort.signal });
    abort.abort(passed.reason);
    await expect(call).rejects.toMatchObject(tooLate);
  });

  test('does not begin under an aborted signal', async () => {
    const a = await normal(2);
    await expect(svd(a, { vectors: 'none' }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'CANCELLED',
    });
  });

  test('ends with a progress of 1', async () => {
    const seen: number[] = [];
    const a = await normal(64);
    await matmul(a, a, {}, { onProgress: (fraction) => seen.push(fraction) });
    expect(seen.at(-1)).toBe(1);
  });

  test('gives the same bits on any number of threads', async () => {
    const a = await normal(400);
    const results: Float32Array[] = [];
    try {
      for (const count of [1, 2, 8]) {
        setThreads(count);
        expect(threads()).toBe(count);
        results.push((await svd(a, { vectors: 'thin' })).u.data);
      }
    } finally {
      setThreads(0);
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  test('refuses arguments that do not fit, naming them', async () => {
    const a = { rows: 2, columns: 2, data: new Float32Array(3) };
    const b = { rows: 2, columns: 2, data: new Float32Array(4) };
    const wide = { rows: 3, columns: 1, data: new Float32Array(3) };
    const f64 = { rows: 2, columns: 2, data: new Float64Array(4) };
    await expect(svd(a, { vectors: 'none' })).rejects.toMatchObject({ reason: 'SHAPE_MISMATCH' });
    await expect(matmul(b, wide)).rejects.toMatchObject({ kind: 'INVALID_INPUT', reason: 'SHAPE_MISMATCH' });
    await expect(matmul<Float32Array | Float64Array>(b, f64)).rejects.toMatchObject({
      reason: 'PRECISION_MISMATCH',
    });
  });
});
