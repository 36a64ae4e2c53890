import {
  kernels,
  matmul,
  type Matrix,
  randomizedSvd,
  randomNormal,
  setThreads,
  svd,
} from '@eigenloom/numeric';

import { median } from './median.js';
import { type Peer, startPeer } from './peer.js';

const THREADS = 2;
const RANK = 32;
const OVERSAMPLING = 8;
const POWER_ITERATIONS = 2;

interface Case {
  readonly label: string;
  readonly rounds: number;
  readonly rows: number;
  readonly columns: number;
  /** Operations of one run, where a rate makes sense. */
  readonly flops?: number;
  /** The same operation for linalg.py. */
  readonly peer: { readonly name: string; readonly q?: number; readonly niter?: number };
  run(a: Matrix<Float32Array>, b: Matrix<Float32Array>): Promise<unknown>;
  /** How far the result is from exact, to be printed. */
  errors?(a: Matrix<Float32Array>): Promise<string>;
}

const SHAPES = [
  [1024, 1024],
  [2048, 2048],
  [4096, 1024],
] as const;

const CASES: readonly Case[] = [
  {
    label: 'GEMM 2048',
    rounds: 9,
    rows: 2048,
    columns: 2048,
    flops: 2 * 2048 ** 3,
    peer: { name: 'matmul' },
    run: (a, b) => matmul(a, b),
  },
  {
    label: 'GEMM 2048 bf16',
    rounds: 9,
    rows: 2048,
    columns: 2048,
    flops: 2 * 2048 ** 3,
    peer: { name: 'matmul_bf16' },
    run: (a, b) => Promise.resolve(bf16Product(a, b)),
  },
  ...SHAPES.flatMap(([rows, columns]): Case[] => [
    {
      label: `SVD thin ${rows}x${columns}`,
      rounds: 5,
      rows,
      columns,
      peer: { name: 'svd' },
      run: (a) => svd(a, { vectors: 'thin' }),
      errors: svdErrors,
    },
    {
      label: `SVD values ${rows}x${columns}`,
      rounds: 5,
      rows,
      columns,
      peer: { name: 'svdvals' },
      run: (a) => svd(a, { vectors: 'none' }),
    },
  ]),
  {
    label: 'randomised 32 of 4096',
    rounds: 9,
    rows: 4096,
    columns: 4096,
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

/** f32, and the product in bf16, on two threads against PyTorch: one warm-up each, then alternating rounds; medians. */
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
  const { rows, columns: width } = item;
  const a = await normal(rows, width, 0n);
  const b = await normal(rows, width, 1n);
  const request = { ...item.peer, rows, columns: width };
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
  const errors = item.errors === undefined ? '' : `   ${await item.errors(a)}`;
  console.log(`${item.label.padEnd(23)} ${columns.join(' ')}${rate}${errors}`);
}

/** ‖A − U S Vᵀ‖ / ‖A‖ by Frobenius, and the largest element of UᵀU − I and VVᵀ − I, all by products in f64. */
async function svdErrors(a: Matrix<Float32Array>): Promise<string> {
  const { u, s, vt } = await svd(a, { vectors: 'thin' });
  const wide = ({ rows, columns, data }: Matrix<Float32Array>): Matrix<Float64Array> => ({
    ...{ rows, columns, data: Float64Array.from(data) },
  });
  const [left, right] = [wide(u), wide(vt)];
  const scaled = { ...left, data: left.data.map((value, i) => value * (s[i % u.columns] ?? NaN)) };
  const back = await matmul(scaled, right);
  let [off, whole] = [0, 0];
  a.data.forEach((value, i) => {
    off += (value - (back.data[i] ?? NaN)) ** 2;
    whole += value ** 2;
  });
  const unit = (gram: Matrix<Float64Array>): number =>
    gram.data.reduce((most, value, i) => {
      const expected = i % (gram.columns + 1) === 0 ? 1 : 0;
      return Math.max(most, Math.abs(value - expected));
    }, 0);
  const grams = [
    await matmul(left, left, { transposeA: true }),
    await matmul(right, right, { transposeB: true }),
  ];
  const orthogonality = Math.max(...grams.map(unit));
  return `residual ${Math.sqrt(off / whole).toExponential(1)}, orthogonality ${orthogonality.toExponential(1)}`;
}

/** The engine's product of f32 operands that are rounded to bfloat16, with f32 sums. */
function bf16Product(a: Matrix<Float32Array>, b: Matrix<Float32Array>): Float32Array {
  const product = new Float32Array(a.rows * b.columns);
  const dims = Uint32Array.of(1, a.rows, b.columns, a.columns, 1, 1);
  const none = new Float32Array();
  kernels().kernelMatmul(a.data, b.data, none, none, none, false, false, dims, true, product);
  return product;
}

async function normal(rows: number, columns: number, stream: bigint): Promise<Matrix<Float32Array>> {
  const data = await randomNormal({ seed: 1n, stream, length: rows * columns, precision: 'f32' });
  return { rows, columns, data };
}
