import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Precision, PRECISIONS, setBackend, setPrecision, tf } from '@eigenloom/engine';
import { type ClassifiedText, type Examples, TextExamples } from '@eigenloom/models';
import { setThreads } from '@eigenloom/numeric';

import { type Peer, startPeer } from './peer.js';
import type { Method } from './training/cases.js';
import { prepareCase, type TimedCase } from './training/timed-step.js';

const THREADS = 2;
const STEPS = 50;
const [BATCH, LENGTH, TEXTS] = [16, 32, 256];
const SHOWN = [1, 5, 10, 20, 30, 40, 50];
/** Share of the tokens of a text that come from its class's half of the vocabulary. */
const OWN = 0.8;

/** The losses fall far in so many steps, without leaping. */
const RATES: Readonly<Record<Method, number>> = { lora: 5e-4, full: 2e-5 };
const minilm = (method: Method): TimedCase => ({
  ...{ task: 'texts', batch: BATCH, length: LENGTH, targets: ['query', 'value'] },
  ...{ model: '.cache/models/all-MiniLM-L6-v2', learningRate: RATES[method] },
});

interface CurveRequest {
  readonly model: string;
  readonly adapter: string | null;
  readonly head: { readonly weight: unknown; readonly bias: unknown };
  readonly batches: readonly { readonly ids: number[][]; readonly labels: number[] }[];
  readonly rates: readonly number[];
  readonly autocast: boolean;
  readonly reversed: boolean;
  readonly threads: number;
}
type Start = Omit<CurveRequest, 'autocast' | 'reversed' | 'threads'>;
type PyTorch = Peer<CurveRequest, { losses: number[] }>;

/**
 * Losses of 50 steps of the service's own loop beside PyTorch's with PEFT, from the same adapter, head, batches and rates; and the noise
 * of PyTorch's own: the same with the rows of each batch in reverse, which changes nothing but the order of sums.
 */
export async function curves(): Promise<void> {
  setThreads(THREADS);
  await setBackend('native');
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-bench-'));
  const peer: PyTorch = startPeer('training/curves.py');
  try {
    for (const precision of PRECISIONS)
      for (const method of ['lora', 'full'] as const)
        await compare(method, precision, await mkdtemp(join(folder, 'run-')), peer);
  } finally {
    peer.close();
    setPrecision('f32');
    setThreads(0);
    await rm(folder, { recursive: true });
  }
}

async function compare(method: Method, precision: Precision, folder: string, peer: PyTorch): Promise<void> {
  setPrecision(precision);
  const { losses: ours, start } = await ownCurve(method, folder);
  const common = { ...start, autocast: precision === 'bf16', threads: THREADS };
  const { losses: torch } = await peer.ask({ ...common, reversed: false });
  const { losses: reversed } = await peer.ask({ ...common, reversed: true });
  const gap = (a: readonly number[], b: readonly number[]): string =>
    Math.max(...a.map((x, i) => Math.abs(x - (b[i] ?? NaN)))).toExponential(1);
  console.log(`${method === 'lora' ? 'LoRA of rank 8' : 'every weight'}, ${precision}`);
  console.log(`  step       ${SHOWN.map((step) => String(step).padStart(8)).join('')}`);
  for (const [name, losses] of [
    ['eigenloom', ours],
    ['PyTorch', torch],
  ] as const) {
    const shown = SHOWN.map((step) => (losses[step - 1] ?? NaN).toFixed(5).padStart(8));
    console.log(`  ${name.padEnd(10)} ${shown.join('')}`);
  }
  console.log(`  largest difference ${gap(ours, torch)}; PyTorch in another order ${gap(torch, reversed)}`);
}

/** Our losses, and what PyTorch needs for the same. */
async function ownCurve(method: Method, folder: string): Promise<{ losses: number[]; start: Start }> {
  const which = minilm(method);
  const texts = makeTexts();
  const batches: Start['batches'][number][] = [];
  const examples = new TextExamples(texts, 0);
  const recorded: Examples = {
    lengths: examples.lengths,
    labels: examples.labels,
    batch(indices) {
      const chosen = Array.from(indices, (i) => texts[i]).filter((text) => text !== undefined);
      batches.push({ ids: chosen.map(({ ids }) => [...ids]), labels: chosen.map(({ label }) => label) });
      return examples.batch(indices);
    },
  };
  const { loop, prepared } = await prepareCase(which, method, folder, recorded);
  const value = (end: string): Promise<unknown> => {
    const [, variable] = [...prepared.trained].find(([name]) => name.endsWith(`classifier.${end}`)) ?? [];
    if (variable === undefined) throw new Error(`the head has no ${end}`);
    return variable.array();
  };
  const head = { weight: await value('weight'), bias: await value('bias') };
  const losses: number[] = [];
  const rates: number[] = [];
  for (let step = 1; step <= STEPS; step += 1) {
    const { loss, learningRate } = await loop.takeStep(step);
    losses.push(loss);
    rates.push(learningRate);
  }
  const adapter = method === 'lora' ? join(folder, 'adapter') : null;
  tf.dispose([...prepared.trained.values()]);
  return { losses, start: { model: which.model, adapter, head, batches, rates } };
}

/** Texts of two classes that differ in how often they use either half of the vocabulary. */
function makeTexts(): ClassifiedText[] {
  let state = 12_345;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  return Array.from({ length: TEXTS }, (_, i) => {
    const label = i % 2;
    const ids = Int32Array.from({ length: LENGTH }, () => {
      const half = random() < OWN ? label : 1 - label;
      return 2000 + half * 14_000 + Math.floor(random() * 14_000);
    });
    return { ids, label };
  });
}
