import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { setBackend } from '@eigenloom/engine';
import { initKind } from '@eigenloom/init-service';
import { type ClassifiedText, TextExamples } from '@eigenloom/models';
import { matmul, type Matrix, randomNormal, setThreads } from '@eigenloom/numeric';
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

/** Seconds of a training step of the service's own loop on the native backend against PyTorch with PEFT; medians of rounds in turn. */
export async function training(): Promise<void> {
  setThreads(THREADS);
  await setBackend('native');
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-bench-'));
  const peer = startPeer<object, { seconds: number }>('training.py');
  try {
    const gemm = await gemmOf(GEMM_SIZE);
    console.log(
      `step of 32 × 64   eigenloom s   torch s   torch/eigenloom   GFLOP/s of its products   GEMM ${GEMM_SIZE} GFLOP/s   of GEMM`,
    );
    for (const method of ['lora', 'full'] as const) await compare(method, folder, peer, gemm);
  } finally {
    peer.close();
    setThreads(0);
    await rm(folder, { recursive: true });
  }
}

async function compare(
  method: Method,
  folder: string,
  peer: Peer<object, { seconds: number }>,
  gemm: () => Promise<number>,
): Promise<void> {
  const step = await stepOf(method, folder);
  const request = { name: method, model: MODEL, batch: BATCH, length: LENGTH, steps: STEPS };
  const [ours, theirs, peaks]: [number[], number[], number[]] = [[], [], []];
  let taken = 0;
  await step((taken += 1));
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    for (let i = 0; i < STEPS; i += 1) await step((taken += 1));
    ours.push((performance.now() - start) / 1000 / STEPS);
    theirs.push((await peer.ask(request)).seconds);
    // In every round: clocks of shared machines change from minute to minute.
    peaks.push(await gemm());
  }
  const [own, torch, peak] = [median(ours), median(theirs), median(peaks)];
  const rate = flopsOf(method) / own / 1e9;
  const columns = [
    own.toFixed(3).padStart(10),
    torch.toFixed(3).padStart(9),
    (torch / own).toFixed(2).padStart(17),
    rate.toFixed(0).padStart(25),
    peak.toFixed(0).padStart(22),
    `${((100 * rate) / peak).toFixed(0)} %`.padStart(9),
  ];
  console.log(`${method.padEnd(17)} ${columns.join(' ')}`);
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

/** A function that measures the rate of a square product, in GFLOP/s. */
async function gemmOf(size: number): Promise<() => Promise<number>> {
  const make = async (stream: bigint): Promise<Matrix<Float32Array>> => ({
    rows: size,
    columns: size,
    data: await randomNormal({ seed: 1n, stream, length: size * size, precision: 'f32' }),
  });
  const [a, b] = [await make(0n), await make(1n)];
  await matmul(a, b);
  return async () => {
    const start = performance.now();
    for (let i = 0; i < STEPS; i += 1) await matmul(a, b);
    return (STEPS * 2 * size ** 3) / (performance.now() - start) / 1e6;
  };
}
