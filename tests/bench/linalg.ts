import { matmul, type Matrix, randomizedSvd, randomNormal, setThreads, svd } from '@eigenloom/numeric';

import { median } from './median.js';
import { type Peer, startPeer } from './peer.js';

const THREADS = 2;
const RANK = 32;
const OVERSAMPLING = 8;
const POWER_ITERATIONS = 2;

interface Case {
  readonly label: string;
  readonly rounds: number;
  readonly size: number;
  /** Operations of one run, where a rate makes sense. */
  readonly flops?: number;
  /** The same operation for linalg.py. */
  readonly peer: { readonly name: string; readonly q?: number; readonly niter?: number };
  run(a: Matrix<Float32Array>, b: Matrix<Float32Array>): Promise<unknown>;
}

const CASES: readonly Case[] = [
  {
    label: 'GEMM 2048',
    rounds: 9,
    size: 2048,
    flops: 2 * 2048 ** 3,
    peer: { name: 'matmul' },
    run: (a, b) => matmul(a, b),
  },
  ...[1024, 2048].flatMap((size): Case[] => [
    {
      label: `SVD thin ${String(size)}`,
      rounds: 3,
      size,
      peer: { name: 'svd' },
      run: (a) => svd(a, { vectors: 'thin' }),
    },
    {
      label: `SVD values ${String(size)}`,
      rounds: 3,
      size,
      peer: { name: 'svdvals' },
      run: (a) => svd(a, { vectors: 'none' }),
    },
  ]),
  {
    label: 'randomised 32 of 4096',
    rounds: 5,
    size: 4096,
    peer: { name: 'svd_lowrank', q: RANK + OVERSAMPLING, niter: POWER_ITERATIONS },
    run: (a) =>
      randomizedSvd(a, {
        rank: RANK,
        oversampling: OVERSAMPLING,
        powerIterations: POWER_ITERATIONS,
        seed: 1n,
      }),
  },
];

/** f32 on two threads against PyTorch: one warm-up each, then alternating rounds; medians. */
export async function linalg(): Promise<void> {
  setThreads(THREADS);
  const peer = startPeer<object, { seconds: number }>('linalg.py');
  try {
    console.log('case                    eigenloom s   torch s   torch/eigenloom');
    for (const item of CASES) await compare(item, peer);
  } finally {
    peer.close();
    setThreads(0);
  }
}

async function compare(item: Case, peer: Peer<object, { seconds: number }>): Promise<void> {
  const a = await normal(item.size, 0n);
  const b = await normal(item.size, 1n);
  const request = { ...item.peer, rows: item.size, columns: item.size };
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = -1; round < item.rounds; round += 1) {
    const start = performance.now();
    await item.run(a, b);
    const seconds = (performance.now() - start) / 1000;
    const answer = await peer.ask(request);
    if (round < 0) continue;
    ours.push(seconds);
    theirs.push(answer.seconds);
  }
  const [own, torch] = [median(ours), median(theirs)];
  const rate = item.flops === undefined ? '' : `   ${(item.flops / own / 1e9).toFixed(0)} GFLOP/s`;
  const columns = [
    own.toFixed(3).padStart(11),
    torch.toFixed(3).padStart(9),
    (torch / own).toFixed(2).padStart(13),
  ];
  console.log(`${item.label.padEnd(23)} ${columns.join(' ')}${rate}`);
}

async function normal(size: number, stream: bigint): Promise<Matrix<Float32Array>> {
  const data = await randomNormal({ seed: 1n, stream, length: size * size, precision: 'f32' });
  return { rows: size, columns: size, data };
}
