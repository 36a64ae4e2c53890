import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Precision, PRECISIONS } from '@eigenloom/engine';

import { median } from './median.js';
import { type Peer, startPeer, startSide } from './peer.js';
import { type Case, CASES, flopsOf, type Method } from './training/cases.js';
import type { ProductAnswer, ProductRequest } from './training/product.js';
import type { SideAnswer, SideRequest } from './training/side.js';
import type { TimedCase } from './training/timed-step.js';

const THREADS = 2;
const STEPS = 3;
const ROUNDS = 5;
const MODES = ['eager', 'autocast', 'compile'] as const;

type Mode = (typeof MODES)[number];
interface PeerRequest {
  readonly which: TimedCase;
  readonly method: Method;
  readonly mode: Mode;
  readonly threads: number;
  readonly steps: number;
}
interface PeerAnswer {
  readonly seconds: number;
  readonly loss: number;
  readonly peakBytes: number;
}
type Side = Peer<SideRequest, SideAnswer>;
type Product = Peer<ProductRequest, ProductAnswer>;
interface Ours extends SideAnswer {
  /** GFLOP/s of a square product beside it. */
  readonly productRate: number;
}
type PyTorch = Peer<PeerRequest, PeerAnswer>;

/**
 * Seconds of a training step of the service's own loop on the native backend, in f32 and bf16, against PyTorch with PEFT in f32, under
 * autocast to bfloat16, and compiled: medians of rounds in turn, each side of each case in a process of its own, whose largest resident
 * set is printed. GFLOP/s are those of the step's products over the whole step; the rate beside them is that of a square product.
 *
 * EIGENLOOM_BENCH_TRAINING=minilm,vit chooses cases by the beginnings of their names, EIGENLOOM_BENCH_MODES=eager,autocast PyTorch's modes.
 */
export async function training(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-bench-'));
  try {
    for (const each of CASES.filter(({ name }) => isChosen('EIGENLOOM_BENCH_TRAINING', name))) {
      const model = typeof each.model === 'string' ? each.model : await makeModel(each.model, folder);
      for (const method of each.methods) await compare(each, method, model);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

function isChosen(variable: string, name: string): boolean {
  const chosen = process.env[variable]?.toLowerCase().split(',');
  return chosen?.some((each) => name.toLowerCase().startsWith(each)) ?? true;
}

async function makeModel(config: Readonly<Record<string, unknown>>, folder: string): Promise<string> {
  const model = join(folder, String(config['model_type']));
  const peer = startPeer<object, object>('training/pytorch.py');
  try {
    await peer.ask({ make: config, seed: 1, folder: model });
  } finally {
    peer.close();
  }
  return model;
}

async function compare(each: Case, method: Method, model: string): Promise<void> {
  const { task, batch, length, targets } = each;
  const request = { which: { task, batch, length, targets, model }, method, threads: THREADS, steps: STEPS };
  const modes = MODES.filter((mode) => isChosen('EIGENLOOM_BENCH_MODES', mode));
  const sides = new Map(
    PRECISIONS.map((precision): [Precision, Side] => [precision, startSide('training/side.js')]),
  );
  const peers = new Map(modes.map((mode): [Mode, PyTorch] => [mode, startPeer('training/pytorch.py')]));
  const product: Product = startSide('training/product.js');
  const ours = new Map(PRECISIONS.map((precision): [Precision, Ours[]] => [precision, []]));
  const theirs = new Map(modes.map((mode): [Mode, PeerAnswer[]] => [mode, []]));
  try {
    // In turn: clocks of shared machines change from minute to minute.
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [precision, side] of sides) {
        const step = await side.ask({ ...request, precision });
        const { rate } = await product.ask({ precision, threads: THREADS });
        ours.get(precision)?.push({ ...step, productRate: rate });
      }
      for (const [mode, peer] of [...peers]) {
        const answer = await peer.ask({ ...request, mode }).catch((error: unknown) => {
          console.error(`${each.name} ${method}: PyTorch ${mode}: ${String(error)}`);
          peers.delete(mode);
        });
        if (answer !== undefined) theirs.get(mode)?.push(answer);
      }
    }
  } finally {
    for (const side of [product, ...sides.values(), ...peers.values()]) side.close();
  }
  print(each, method, ours, theirs);
}

const secondsOf = (answers: readonly PeerAnswer[]): number => median(answers.map(({ seconds }) => seconds));
const peakOf = (answers: readonly PeerAnswer[]): string =>
  `${(Math.max(...answers.map(({ peakBytes }) => peakBytes)) / 2 ** 20).toFixed(0)} MiB`;

function print(
  each: Case,
  method: Method,
  ours: ReadonlyMap<Precision, readonly Ours[]>,
  theirs: ReadonlyMap<Mode, readonly PeerAnswer[]>,
): void {
  console.log(`${each.name}, ${method === 'lora' ? 'LoRA of rank 8' : 'every weight'}`);
  for (const [mode, answers] of theirs) {
    if (answers.length === 0) continue;
    console.log(`  PyTorch ${mode.padEnd(9)} ${secondsOf(answers).toFixed(3)} s  peak ${peakOf(answers)}`);
  }
  for (const [precision, answers] of ours) {
    const seconds = secondsOf(answers);
    const rate = flopsOf(each, method) / seconds / 1e9;
    const product = median(answers.map(({ productRate }) => productRate));
    const faults = median(answers.map(({ pageFaults }) => pageFaults));
    const ratios = [...theirs]
      .filter(([, of]) => of.length > 0)
      .map(([mode, of]) => `${mode}/eigenloom ${(secondsOf(of) / seconds).toFixed(2)}`);
    const share = `${rate.toFixed(0)} GFLOP/s, ${((100 * rate) / product).toFixed(0)} % of a product's ${product.toFixed(0)}`;
    console.log(
      `  eigenloom ${precision.padEnd(5)} ${seconds.toFixed(3)} s  peak ${peakOf(answers)}  ${share}  page faults ${faults.toFixed(0)}  ${ratios.join('  ')}`,
    );
  }
}
