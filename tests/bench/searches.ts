import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { setThreads } from '@eigenloom/numeric';

import { additions, type Figures, grafts, soups } from './searches/cases.js';
import { Workshop } from './searches/workshop.js';

const SEEDS = Number(process.env['EIGENLOOM_BENCH_SEEDS'] ?? '3');
/** Of the members of a soup. */
const LEARNING_RATES = [1e-4, 2e-4, 5e-5];

/**
 * What the searches of merge find on all-MiniLM-L6-v2 and the demo's tasks, by seed of the splits and of training. Short runs: a model
 * is fine-tuned for 40 steps of 16.
 */
export async function searches(): Promise<void> {
  setThreads(2);
  const all = new Map<string, Figures[]>();
  const show = (what: string, figures: Figures): void => {
    const text = Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(4)}`);
    console.log(`${what.padEnd(24)} ${text.join('   ')}`);
    all.set(what, [...(all.get(what) ?? []), figures]);
  };
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'eigenloom-bench-'));
    console.log(`seed ${seed}`);
    try {
      await oneSeed(folder, seed, show);
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  console.log(`means of ${SEEDS} seeds`);
  for (const [what, found] of [...all]) show(what, meanOf(found));
  setThreads(0);
}

async function oneSeed(
  folder: string,
  seed: number,
  show: (what: string, figures: Figures) => void,
): Promise<void> {
  const workshop = await Workshop.open(folder, seed);
  try {
    const [speech, spam] = workshop.tasks;
    if (speech === undefined || spam === undefined) throw new Error('the demo has two tasks');
    const started = performance.now();
    const members: string[] = [];
    for (const [i, rate] of LEARNING_RATES.entries()) {
      members.push(await workshop.train(speech, `member-${i}`, rate, i));
    }
    const other = await workshop.train(spam, 'spam', LEARNING_RATES[0] ?? 1e-4, 9);
    const lap = seconds(started);
    console.log(`four trainings in ${lap()} s`);
    const found = await soups(workshop, speech, members);
    show('soups, validation', found.validation);
    show('soups, test', found.test);
    console.log(`soups in ${lap()} s`);
    const [first = ''] = members;
    show('addition of two tasks', await additions(workshop, [first, other]));
    console.log(`additions in ${lap()} s`);
    for (const [task, model] of [
      [speech, first],
      [spam, other],
    ] as const) {
      show(`graft of ${task.name}`, await grafts(workshop, task, model));
    }
    console.log(`grafts in ${lap()} s`);
  } finally {
    await workshop.close();
  }
}

/** Seconds since the last call. */
function seconds(start: number): () => string {
  let last = start;
  return () => {
    const now = performance.now();
    const lap = ((now - last) / 1000).toFixed(0);
    last = now;
    return lap;
  };
}

function meanOf(found: readonly Figures[]): Figures {
  const [first = {}] = found;
  return Object.fromEntries(
    Object.keys(first).map((name) => [
      name,
      found.reduce((sum, figures) => sum + (figures[name] ?? NaN), 0) / found.length,
    ]),
  );
}
