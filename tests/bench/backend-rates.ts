import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type EngineModule, tf } from '@eigenloom/engine';
import { randomNormal } from '@eigenloom/numeric';

import { median } from './median.js';
import { stepOf, type TimedCase } from './training/timed-step.js';

const SIZE = 2048;
const ROUNDS = 7;
const MINILM: TimedCase = {
  ...{ task: 'texts', batch: 32, length: 64, targets: ['query', 'value'] },
  model: '.cache/models/all-MiniLM-L6-v2',
};

export interface Rates {
  /** GFLOP/s. */
  readonly gemm: number;
  readonly stepSeconds: number;
}

/** The rates of the backend that this thread has. */
const measure: EngineModule<null, Rates> = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-bench-'));
  try {
    const gemm = (2 * SIZE ** 3) / (await gemmSeconds()) / 1e9;
    const step = await stepOf(MINILM, 'lora', folder);
    return { gemm, stepSeconds: await secondsOf((round) => step(round + 1)) };
  } finally {
    await rm(folder, { recursive: true });
  }
};
export default measure;

async function gemmSeconds(): Promise<number> {
  const make = async (stream: bigint): Promise<tf.Tensor2D> =>
    tf.tensor2d(await randomNormal({ seed: 1n, stream, length: SIZE * SIZE, precision: 'f32' }), [
      SIZE,
      SIZE,
    ]);
  const [a, b] = [await make(0n), await make(1n)];
  return secondsOf(async () => {
    // To read an element is to wait for the product.
    const element = tf.tidy(() => tf.slice(tf.matMul(a, b), [0, 0], [1, 1]));
    await element.data();
    element.dispose();
  });
}

async function secondsOf(run: (round: number) => Promise<unknown>): Promise<number> {
  await run(0);
  const seconds: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const start = performance.now();
    await run(round);
    seconds.push((performance.now() - start) / 1000);
  }
  return median(seconds);
}
