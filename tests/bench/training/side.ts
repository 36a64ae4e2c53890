// Our side of the training benchmark: a process of its own, so that its memory is that of one case. It reads a line of JSON for each
// request on stdin and answers by one on stdout; see `SideRequest` and `SideAnswer`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { type Precision, setBackend, setPrecision } from '@eigenloom/engine';
import { setThreads } from '@eigenloom/numeric';

import type { Method } from './cases.js';
import { peakMemory } from './peak-memory.js';
import { stepOf, type TimedCase } from './timed-step.js';

/** Takes `steps` steps; the first request prepares the model. */
export interface SideRequest {
  readonly which: TimedCase;
  readonly method: Method;
  readonly precision: Precision;
  readonly threads: number;
  readonly steps: number;
}

export interface SideAnswer {
  /** Of one step. */
  readonly seconds: number;
  /** Of the last step. */
  readonly loss: number;
  /** Largest resident set so far. */
  readonly peakBytes: number;
  /** In one step, of those that the system fills with a fresh page. */
  readonly pageFaults: number;
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-bench-'));
  try {
    await answer(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function answer(folder: string): Promise<void> {
  let take: Awaited<ReturnType<typeof stepOf>> | undefined;
  let taken = 0;
  let loss = NaN;
  for await (const line of createInterface({ input: process.stdin })) {
    const { which, method, precision, threads, steps } = JSON.parse(line) as SideRequest;
    if (take === undefined) {
      setThreads(threads);
      await setBackend('native');
      setPrecision(precision);
      take = await stepOf(which, method, folder);
      // The first steps fetch the memory that the later ones use again.
      for (let i = 0; i < 2; i += 1) await take((taken += 1));
    }
    const { minorPageFault } = process.resourceUsage();
    const start = performance.now();
    for (let i = 0; i < steps; i += 1) ({ loss } = await take((taken += 1)));
    const seconds = (performance.now() - start) / 1000 / steps;
    const pageFaults = (process.resourceUsage().minorPageFault - minorPageFault) / steps;
    const reply: SideAnswer = { seconds, loss, peakBytes: await peakMemory(), pageFaults };
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
