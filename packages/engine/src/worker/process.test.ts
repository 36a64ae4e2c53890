import { fork } from 'node:child_process';
import { join } from 'node:path';
import { PROCESS_ENVIRONMENT, type BackendName } from '../backend/backends.js';
import { missingBackend } from '../backend/missing-backend.js';
import { abortedAtWork, FOREVER_MS } from '../testing/aborted-at-work.js';
import { addSoftwareGpu } from '../testing/software-gpu.js';
import { compiled } from './compiled.js';
import type { FromWorker } from './messages.js';
import { runOnEngine, type RunOptions } from './run-on-engine.js';

addSoftwareGpu();
const moduleOf = (name: string): string => join(__dirname, 'test-modules', `${name}.js`);

describe.each(['tensorflow', 'webgpu'] as const)('runOnEngine in a process with %s', (backend) => {
  const missing = missingBackend(backend);
  if (missing !== null) {
    test.skip(`skipped: ${missing}`, () => undefined);
    return;
  }
  const misbehave = (how: string, options: RunOptions = {}): Promise<unknown> =>
    runOnEngine(moduleOf('misbehave'), how, { backend, ...options });

  it('passes progress, calls and errors on', async () => {
    const phases: unknown[] = [];
    const calls = {
      add: (numbers: unknown) => (numbers as number[]).reduce((a, b) => a + b),
      fence: () => Promise.reject(new Error('lost')),
    };
    await expect(misbehave('call', { calls })).resolves.toEqual([5, 'INTERNAL']);
    const spin = misbehave(
      'spin',
      abortedAtWork(100, ({ phase }) => phases.push(phase)),
    );
    await expect(spin).rejects.toMatchObject({ kind: 'CANCELLED' });
    expect(phases).toEqual(['spinning']);
    await expect(misbehave('refuse')).rejects.toMatchObject({ reason: 'RANK_TOO_LARGE' });
    await expect(misbehave('exit')).rejects.toMatchObject({ reason: 'ENGINE_CRASHED' });
    await expect(misbehave('allocate', { heapMb: 32 })).rejects.toMatchObject({
      reason: 'ENGINE_OUT_OF_MEMORY',
    });
  });

  it.each(['wait', 'poll'])('stops a module that heeds its signal (%s)', async (how) => {
    await expect(misbehave(how, abortedAtWork(FOREVER_MS))).rejects.toMatchObject({ kind: 'CANCELLED' });
  });

  it('ends by itself and well after its answer', async () => {
    expect(await runToEnd(backend)).toEqual({ messages: ['done'], code: 0, signal: null });
  });
});

/** What a process sends, progress left out, and how it ends when nobody ends it. */
function runToEnd(backend: BackendName): Promise<object> {
  const child = fork(compiled(join(__dirname, 'process.js')), {
    serialization: 'advanced',
    execArgv: [],
    env: { ...PROCESS_ENVIRONMENT[backend], ...process.env },
  });
  const messages: string[] = [];
  child.on('message', ({ type }: FromWorker) => {
    if (type !== 'progress') messages.push(type);
  });
  child.send({ modulePath: compiled(moduleOf('multiply')), input: null, backend });
  return new Promise((resolve) =>
    child.on('exit', (code, signal) => {
      resolve({ messages, code, signal });
    }),
  );
}
