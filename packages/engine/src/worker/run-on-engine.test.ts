import { join } from 'node:path';
import { conflict } from '@eigenloom/errors';
import { abortedAtWork, FOREVER_MS } from '../testing/aborted-at-work.js';
import { runOnEngine } from './run-on-engine.js';

const DOUBLE = join(__dirname, 'test-modules', 'double.js');
const MISBEHAVE = join(__dirname, 'test-modules', 'misbehave.js');
const misbehave = (how: string, options = {}): Promise<unknown> =>
  runOnEngine(MISBEHAVE, how, { backend: 'cpu', ...options });

describe('runOnEngine', () => {
  it('runs a module on its backend in a thread and reports progress', async () => {
    const updates: unknown[] = [];
    const output = await runOnEngine<Float32Array, { values: Float32Array; backend: string }>(
      DOUBLE,
      Float32Array.of(1, -2.5),
      { backend: 'cpu', onProgress: (update) => updates.push(update) },
    );
    expect(output.values).toEqual(Float32Array.of(2, -5));
    expect(output.backend).toBe('cpu');
    expect(updates).toEqual([{ fraction: 0.5, phase: 'doubling' }]);
  });

  it('moves the buffers named in transfer', async () => {
    const input = Float32Array.of(1);
    await runOnEngine(DOUBLE, input, { backend: 'cpu', transfer: [input.buffer] });
    expect(input.length).toBe(0);
  });

  it('keeps kind, reason, violations and details of an AppError', async () => {
    await expect(misbehave('refuse')).rejects.toMatchObject({
      kind: 'INVALID_INPUT',
      reason: 'RANK_TOO_LARGE',
      fieldViolations: [{ field: 'lora.rank' }],
    });
    await expect(misbehave('details')).rejects.toMatchObject({
      kind: 'CONFLICT',
      reason: 'LEASE_LOST',
      details: { holder: 'b' },
      retryable: false,
    });
  });

  it('hides other errors behind INTERNAL and keeps their stack as the cause', async () => {
    const error = (await misbehave('bug').catch((e: unknown) => e)) as Error;
    expect(error).toMatchObject({ kind: 'INTERNAL', message: 'internal error' });
    expect((error.cause as Error).stack).toContain('TypeError: secret path');
  });

  it('says when the thread ends, runs out of memory, or answers what cannot be copied', async () => {
    await expect(misbehave('exit')).rejects.toMatchObject({ reason: 'ENGINE_CRASHED' });
    await expect(misbehave('allocate', { heapMb: 32 })).rejects.toMatchObject({
      kind: 'LIMIT_EXCEEDED',
      reason: 'ENGINE_OUT_OF_MEMORY',
    });
    await expect(misbehave('a function')).rejects.toMatchObject({ kind: 'INTERNAL' });
    await expect(runOnEngine(`${__dirname}/nowhere.js`, 0, { backend: 'cpu' })).rejects.toMatchObject({
      kind: 'INTERNAL',
    });
  });

  it.each(['wait', 'poll'])('stops a module that heeds its signal (%s)', async (how) => {
    await expect(misbehave(how, abortedAtWork(FOREVER_MS))).rejects.toMatchObject({ kind: 'CANCELLED' });
  });

  it('ends the thread of a module that does not stop', async () => {
    await expect(misbehave('spin', abortedAtWork(100))).rejects.toMatchObject({ kind: 'CANCELLED' });
  });

  it('starts nothing once aborted', async () => {
    await expect(misbehave('spin', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'CANCELLED',
    });
  });

  it("runs the caller's functions in the caller's thread", async () => {
    const calls = {
      add: (numbers: unknown) => (numbers as number[]).reduce((a, b) => a + b),
      fence: () => Promise.reject(conflict('LEASE_LOST', 'lost')),
    };
    await expect(misbehave('call', { calls })).resolves.toEqual([5, 'LEASE_LOST']);
  });
});
