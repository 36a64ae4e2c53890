import { type CallOptions, matmul, qr, randomNormal } from '@eigenloom/numeric';
import { breathe } from '@eigenloom/training';

/** Measurements of one product. */
const TOGETHER = 256;
/** Elements summed before the event loop has its turn. */
const AT_ONCE = 2 ** 20;
const STREAMS = { truth: 0n, measurements: 1n, left: 2n, right: 3n };

export interface ProblemSize {
  /** n. */
  readonly size: number;
  /** r. */
  readonly rank: number;
  /** m; 0 observes every entry. */
  readonly measurements: number;
  readonly seed: bigint;
}

/** An unknown matrix, and how it is measured. */
export interface Problem {
  readonly size: number;
  /** M = U·Uᵀ (n × n) with U orthonormal (n × r). */
  readonly truth: Float64Array;
  /** S = (1/m)·Σ vec(Aᵢ)·vec(Aᵢ)ᵀ (n² × n²), Aᵢ standard normal. Undefined: every entry is observed, S = I. */
  readonly operator: Float64Array | undefined;
}

/** Draws a problem. */
export async function drawProblem(
  { size, rank, measurements, seed }: ProblemSize,
  signal: AbortSignal,
): Promise<Problem> {
  const options = { signal };
  const length = size * rank;
  const data = await randomNormal({ seed, stream: STREAMS.truth, length, precision: 'f64' }, options);
  const { q } = await qr({ rows: size, columns: rank, data }, options);
  const truth = (await matmul(q, q, { transposeB: true }, options)).data;
  const operator = measurements === 0 ? undefined : await drawOperator(size, measurements, seed, signal);
  return { size, truth, operator };
}

async function drawOperator(
  size: number,
  measurements: number,
  seed: bigint,
  signal: AbortSignal,
): Promise<Float64Array> {
  const columns = size * size;
  const sum = new Float64Array(columns * columns);
  for (let first = 0; first < measurements; first += TOGETHER) {
    const rows = Math.min(TOGETHER, measurements - first);
    const place = { stream: STREAMS.measurements, offset: BigInt(first * columns), length: rows * columns };
    const data = await randomNormal({ seed, ...place, precision: 'f64' }, { signal });
    const drawn = { rows, columns, data };
    const product = await matmul(drawn, drawn, { transposeA: true }, { signal });
    await add(sum, product.data, 1 / measurements, signal);
  }
  return sum;
}

async function add(
  sum: Float64Array,
  values: Float64Array,
  factor: number,
  signal: AbortSignal,
): Promise<void> {
  for (let start = 0; start < sum.length; start += AT_ONCE) {
    const end = Math.min(sum.length, start + AT_ONCE);
    for (let i = start; i < end; i += 1) sum[i] = (sum[i] ?? 0) + factor * (values[i] ?? 0);
    await breathe(signal);
  }
}

/** Entries N(0, 1/n) of a factor (n × k), before its scale; the same for every scale. */
export async function drawFactor(
  side: 'left' | 'right',
  { size, seed }: ProblemSize,
  columns: number,
  options: CallOptions,
): Promise<Float64Array> {
  const place = { stream: STREAMS[side], length: size * columns };
  const values = await randomNormal({ seed, ...place, precision: 'f64' }, options);
  return values.map((value) => value / Math.sqrt(size));
}
