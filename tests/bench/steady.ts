import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { setBackend, tf } from '@eigenloom/engine';
import { setThreads } from '@eigenloom/numeric';

import type { Method } from './training/cases.js';
import { stepOf, type TimedCase } from './training/timed-step.js';

const THREADS = 2;
const STEPS = 10_000;
const SHOWN = [100, 1000, 2000, 5000, STEPS];

const CASES: Readonly<Record<string, TimedCase>> = {
  'tiny BERT': {
    ...{ task: 'texts', batch: 8, length: 16, targets: ['query', 'value'] },
    model: 'tests/golden/models/tiny-bert-classifier',
  },
  'tiny Llama': {
    ...{ task: 'next-token', batch: 8, length: 16, targets: ['q_proj', 'v_proj'] },
    model: 'tests/golden/models/tiny-llama',
  },
};

/** Memory of ten thousand steps of tiny models: what the process has, and the tensors of the backend. Both stay flat. */
export async function steady(): Promise<void> {
  setThreads(THREADS);
  await setBackend('native');
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-bench-'));
  try {
    console.log(`resident MiB (tensors) after steps ${SHOWN.join(', ')}`);
    for (const [name, which] of Object.entries(CASES))
      for (const method of ['lora', 'full'] as const)
        await run(`${name}, ${method}`, which, method, await mkdtemp(join(folder, 'run-')));
  } finally {
    setThreads(0);
    await rm(folder, { recursive: true });
  }
}

async function run(name: string, which: TimedCase, method: Method, folder: string): Promise<void> {
  const step = await stepOf(which, method, folder);
  const figures: string[] = [];
  for (let taken = 1; taken <= STEPS; taken += 1) {
    await step(taken);
    if (!SHOWN.includes(taken)) continue;
    const [, pages = NaN] = (await readFile('/proc/self/statm', 'utf8')).split(' ').map(Number);
    figures.push(`${((pages * 4096) / 2 ** 20).toFixed(0)} (${tf.memory().numTensors})`);
  }
  console.log(`  ${name.padEnd(18)} ${figures.map((figure) => figure.padStart(12)).join('')}`);
}
