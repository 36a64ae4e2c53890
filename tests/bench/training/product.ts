// The rate of a square product beside the training benchmark, in a process of its own: its operands are no memory of a step. A line of
// JSON for each request on stdin, one on stdout.
import { createInterface } from 'node:readline';

import { type Precision, setBackend, setPrecision, tf } from '@eigenloom/engine';
import { setThreads } from '@eigenloom/numeric';

const SIZE = 2048;
const TIMES = 3;

export interface ProductRequest {
  readonly precision: Precision;
  readonly threads: number;
}

export interface ProductAnswer {
  /** GFLOP/s. */
  readonly rate: number;
}

async function main(): Promise<void> {
  await setBackend('native');
  for await (const line of createInterface({ input: process.stdin })) {
    const { precision, threads } = JSON.parse(line) as ProductRequest;
    setThreads(threads);
    setPrecision(precision);
    const reply: ProductAnswer = { rate: productRate() };
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}

function productRate(): number {
  const shape: [number, number] = [SIZE, SIZE];
  const [a, b] = [tf.randomNormal(shape), tf.randomNormal(shape)];
  const run = (): void => {
    tf.dispose(tf.matMul(a, b));
  };
  run();
  const start = performance.now();
  for (let i = 0; i < TIMES; i += 1) run();
  const rate = (TIMES * 2 * SIZE ** 3) / (performance.now() - start) / 1e6;
  tf.dispose([a, b]);
  return rate;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
