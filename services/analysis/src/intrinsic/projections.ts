import { invalidInput } from '@eigenloom/errors';
import { type CallOptions, Fastfood, matmul, randomBits, randomNormal, streamKey } from '@eigenloom/numeric';
import type { ProjectionKind } from './setting.js';

/** P, D × d, with columns of norm 1. */
export interface Projection {
  /** P·x, in an array of its own. */
  project(x: Float32Array, options: CallOptions): Promise<Float32Array>;
  /** Pᵀ·y. */
  transpose(y: Float32Array, options: CallOptions): Promise<Float32Array>;
}

export interface ProjectionSize {
  readonly seed: bigint;
  /** d. */
  readonly columns: number;
  /** D. */
  readonly rows: number;
}

/** Elements of a matrix that is held, 1 GiB. */
const MAX_DENSE = 2 ** 28;

/** Draws a projection: a function of the seed and the size. `field` is that of the kind. Errors: `PROJECTION_TOO_LARGE`, CANCELLED. */
export function drawProjection(
  kind: ProjectionKind,
  size: ProjectionSize,
  field: string,
  options: CallOptions,
): Promise<Projection> {
  switch (kind) {
    case 'fastfood':
      return Fastfood.draw(size, options);
    case 'sparse':
      return Promise.resolve(sparse(size));
    case 'dense':
      if (size.columns * size.rows > MAX_DENSE) {
        const why = `a dense matrix of ${size.rows} × ${size.columns} is more than ${MAX_DENSE} numbers; choose sparse or fastfood`;
        throw invalidInput('PROJECTION_TOO_LARGE', field, why);
      }
      return dense(size, options);
  }
}

/** Independent normal numbers, each column over its norm (Li et al. 2018, section 2). */
async function dense({ seed, columns, rows }: ProjectionSize, options: CallOptions): Promise<Projection> {
  const data = new Float32Array(columns * rows);
  for (let column = 0; column < columns; column += 1) {
    const own = await randomNormal({ seed, stream: BigInt(column), length: rows, precision: 'f32' }, options);
    let squares = 0;
    for (const value of own) squares += value * value;
    const scale = 1 / Math.sqrt(squares);
    data.set(
      own.map((value) => value * scale),
      column * rows,
    );
  }
  // A row for each column of P.
  const matrix = { rows: columns, columns: rows, data };
  return {
    project: async (x, call) => (await matmul({ rows: 1, columns, data: x }, matrix, {}, call)).data,
    transpose: async (y, call) => (await matmul(matrix, { rows, columns: 1, data: y }, {}, call)).data,
  };
}

/**
 * Entries ±1/√k at k places of each column, each place with probability 1/√D (Li et al. 2018, supplementary section S7, after Li, Hastie &
 * Church 2006). The gaps between places are drawn, so that a column costs √D.
 */
function sparse({ seed, columns, rows }: ProjectionSize): Projection {
  const density = 1 / Math.sqrt(rows);
  const starts = new Float64Array(columns + 1);
  const places: number[] = [];
  const signs: number[] = [];
  const scales = new Float64Array(columns);
  for (let column = 0; column < columns; column += 1) {
    const key = streamKey(seed, 'sparse', column);
    for (let at = -1, draw = 0; ; draw += 2) {
      const share = (randomBits(key, draw) + 0.5) / 2 ** 32;
      at += density === 1 ? 1 : 1 + Math.floor(Math.log(share) / Math.log1p(-density));
      if (at >= rows) break;
      places.push(at);
      signs.push(randomBits(key, draw + 1) & 1 ? 1 : -1);
    }
    const count = places.length - (starts[column] ?? 0);
    scales[column] = count === 0 ? 0 : 1 / Math.sqrt(count);
    starts[column + 1] = places.length;
  }
  const [at, sign] = [Int32Array.from(places), Float32Array.from(signs)];
  return {
    project(x) {
      const out = new Float32Array(rows);
      for (let column = 0; column < columns; column += 1) {
        const value = (x[column] ?? 0) * (scales[column] ?? 0);
        for (let i = starts[column] ?? 0; i < (starts[column + 1] ?? 0); i += 1) {
          const row = at[i] ?? 0;
          out[row] = (out[row] ?? 0) + value * (sign[i] ?? 0);
        }
      }
      return Promise.resolve(out);
    },
    transpose(y) {
      const out = new Float32Array(columns);
      for (let column = 0; column < columns; column += 1) {
        let sum = 0;
        for (let i = starts[column] ?? 0; i < (starts[column + 1] ?? 0); i += 1)
          sum += (sign[i] ?? 0) * (y[at[i] ?? 0] ?? 0);
        out[column] = sum * (scales[column] ?? 0);
      }
      return Promise.resolve(out);
    },
  };
}
