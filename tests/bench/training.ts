import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { type Precision, PRECISIONS, setBackend, setPrecision, tf } from '@eigenloom/engine';
import { initKind } from '@eigenloom/init-service';
import { type ClassifiedText, TextExamples } from '@eigenloom/models';
import { setThreads } from '@eigenloom/numeric';
import { requestFromObject, startEmbedded } from '@eigenloom/runtime';
import { prepareTraining } from '@eigenloom/train-service/dist/loop/prepare-training.js';
import { objectiveOf } from '@eigenloom/train-service/dist/plan/choices.js';
import { resolvePlan } from '@eigenloom/train-service/dist/plan/resolve-plan.js';

import { median } from './median.js';
import { type Peer, startPeer } from './peer.js';

const THREADS = 2;
const BATCH = 32;
const LENGTH = 64;
const STEPS = 3;
const ROUNDS = 5;
const GEMM_SIZE = 2048;
const MODEL = '.cache/models/all-MiniLM-L6-v2';

type Method = 'lora' | 'full';

/**
 * Floating-point operations of the matrix products of one step: 2mnk for each, forward once; backward once more for the inputs and,
 * where the weights are trained, once more for them. The pairs of LoRA are left out (under 2 %).
 */
function flopsOf(method: Method): number {
  const [layers, width, inner, tokens] = [6, 384, 1536, BATCH * LENGTH];
  const weights = 2 * tokens * (4 * width * width + 2 * width * inner);
  const attention = 2 * 2 * BATCH * LENGTH * LENGTH * width;
  const forward = layers * (weights + attention);
  const backward = layers * ((method === 'full' ? 2 : 1) * weights + 2 * attention);
  return forward + backward;
}

/** What PyTorch computes in: f32, or what autocast makes bfloat16. */
interface PeerRequest {
  readonly name: Method;
  readonly autocast: boolean;
  readonly model: string;
  readonly batch: number;
  readonly length: number;
  readonly steps: number;
}

type PyTorch = Peer<PeerRequest, { seconds: number }>;

/**
 * Seconds of a training step of the service's own loop on the native backend against PyTorch with PEFT, in f32 and under autocast to bfloat16;
 * medians of rounds in turn. GFLOP/s are those of the step's products over the whole step; the rate beside them is that of a square product.
 */
export async function training(): Promise<void> {
  setThreads(THREADS);
  await setBackend('native');
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-bench-'));
  const peer: PyTorch = startPeer('training.py');
  try {
    console.log(
      `step of ${BATCH} × ${LENGTH}  eigenloom s   eager s  eager/eigenloom  autocast s  autocast/eigenloom  GFLOP/s  GEMM ${GEMM_SIZE}  of GEMM  page faults`,
    );
    for (const precision of PRECISIONS)
      for (const method of ['lora', 'full'] as const) await compare(method, precision, folder, peer);
  } finally {
    peer.close();
    setThreads(0);
    await rm(folder, { recursive: true });
  }
}

async function compare(method: Method, precision: Precision, folder: string, peer: PyTorch): Promise<void> {
  setPrecision(precision);
  const gemm = squareProduct();
  const own = join(folder, precision);
  await mkdir(own, { recursive: true });
  const step = await stepOf(method, own);
  const request = { name: method, model: MODEL, batch: BATCH, length: LENGTH, steps: STEPS };
  const [ours, eager, autocast, peaks]: [number[], number[], number[], number[]] = [[], [], [], []];
  let taken = 0;
  // The first steps fetch the memory that the later ones use again.
  for (let i = 0; i < STEPS; i += 1) await step((taken += 1));
  let faults = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.resourceUsage().minorPageFault;
    const start = performance.now();
    for (let i = 0; i < STEPS; i += 1) await step((taken += 1));
    ours.push((performance.now() - start) / 1000 / STEPS);
    faults += process.resourceUsage().minorPageFault - before;
    eager.push((await peer.ask({ ...request, autocast: false })).seconds);
    autocast.push((await peer.ask({ ...request, autocast: true })).seconds);
    // In every round: clocks of shared machines change from minute to minute.
    peaks.push(gemm());
  }
  const [seconds, torch, half, peak] = [ours, eager, autocast, peaks].map(median) as [
    number,
    number,
    number,
    number,
  ];
  const rate = flopsOf(method) / seconds / 1e9;
  const columns = [
    seconds.toFixed(3).padStart(11),
    torch.toFixed(3).padStart(9),
    (torch / seconds).toFixed(2).padStart(16),
    half.toFixed(3).padStart(11),
    (half / seconds).toFixed(2).padStart(19),
    rate.toFixed(0).padStart(8),
    peak.toFixed(0).padStart(10),
    `${((100 * rate) / peak).toFixed(0)} %`.padStart(8),
    (faults / ROUNDS / STEPS).toFixed(0).padStart(12),
  ];
  console.log(`${`${method} ${precision}`.padEnd(15)} ${columns.join(' ')}`);
}

/** A function that takes the step of a number, as a training job does. */
export async function stepOf(method: Method, folder: string): Promise<(step: number) => Promise<unknown>> {
  const adapter = join(folder, 'adapter');
  if (method === 'lora') await startAdapter(adapter);
  const request = requestFromObject('train', {
    model: { uri: MODEL },
    train_data: { uri: 'made here' },
    sequence_classification: { labels: ['a', 'b'] },
    optimizer: { learning_rate: 1e-4 },
    batching: { batch_size: BATCH, max_length: LENGTH },
    max_steps: 1000,
    ...(method === 'lora' ? { adapter: { uri: adapter } } : { full: {} }),
  });
  const { signal } = new AbortController();
  const plan = await resolvePlan(request, { signal, resolve: (uri) => Promise.resolve(uri) });
  const texts = Array.from({ length: BATCH }, (_, i): ClassifiedText => ({
    ids: Int32Array.from({ length: LENGTH }, (_id, j) => 1000 + ((i * 7919 + j * 104_729) % 29_000)),
    label: i % 2,
  }));
  const data = {
    ...{ train: new TextExamples(texts, 0), validation: null },
    counts: { kind: 'tokens' as const, train: { examples: BATCH, changed: [] }, validation: null },
    ...{ classes: ['a', 'b'], headStart: 'new' as const },
  };
  const { loop } = await prepareTraining(plan, objectiveOf(plan), data, { signal });
  return (step) => loop.takeStep(step);
}

async function startAdapter(path: string): Promise<void> {
  const dataFolder = join(dirname(path), 'data');
  const roots = [resolve(MODEL), dirname(path)];
  const client = await startEmbedded({ kinds: [initKind], dataFolder, roots });
  try {
    const { name } = await client.submit(
      'init',
      requestFromObject('init', {
        model: { uri: resolve(MODEL) },
        target_modules: ['query', 'value'],
        lora: { rank: 8, alpha: 16 },
        default: {},
        output_uri: path,
      }),
    );
    const { error } = await client.wait(name);
    if (error !== undefined) throw error;
  } finally {
    await client.close();
  }
}

/** A function that measures the rate of a square product of the engine in the precision that is set, in GFLOP/s. */
function squareProduct(): () => number {
  const shape: [number, number] = [GEMM_SIZE, GEMM_SIZE];
  const [a, b] = [tf.randomNormal(shape), tf.randomNormal(shape)];
  const run = (): void => {
    tf.dispose(tf.matMul(a, b));
  };
  run();
  return () => {
    const start = performance.now();
    for (let i = 0; i < STEPS; i += 1) run();
    return (STEPS * 2 * GEMM_SIZE ** 3) / (performance.now() - start) / 1e6;
  };
}
