import {
  type CallOptions,
  type Matrix,
  type Real,
  type SingularVectors,
  matmul,
  qr,
  svd,
} from '@eigenloom/numeric';

import type { Factors } from './adapter-method.js';
import { forRows } from './for-rows.js';

/**
 * The singular value decomposition of B·A by the factors: B = Q_B·R_B, Aᵀ = Q_A·R_A, and that of the small R_B·R_Aᵀ; the product
 * itself, (rows, columns), is never made. There are min(rank, rows, columns) triplets. In f64.
 */
export async function productSvd(
  { a, b }: Factors,
  options: CallOptions,
): Promise<SingularVectors<Float64Array>> {
  const left = await qr(b, options);
  const right = await qr(await transpose(a), options);
  const core = await matmul(left.r, right.r, { transposeB: true }, options);
  const { u, s, vt } = await svd(core, { vectors: 'thin' }, options);
  return {
    u: await matmul(left.q, u, {}, options),
    s,
    vt: await matmul(vt, right.q, { transposeB: true }, options),
  };
}

/** The first `rank` triplets as factors, √s in each: the best approximation of that rank. */
export async function balancedFactors({ u, s, vt }: SingularVectors<Real>, rank: number): Promise<Factors> {
  const roots = Array.from(s.subarray(0, rank), Math.sqrt);
  const b = new Float64Array(u.rows * rank);
  await forRows(u.rows, rank, (i) => {
    for (let k = 0; k < rank; k += 1) b[i * rank + k] = (roots[k] ?? 0) * (u.data[i * u.columns + k] ?? 0);
  });
  const a = new Float64Array(rank * vt.columns);
  await forRows(rank, vt.columns, (k) => {
    const row = k * vt.columns;
    for (let j = 0; j < vt.columns; j += 1) a[row + j] = (roots[k] ?? 0) * (vt.data[row + j] ?? 0);
  });
  return { a: { rows: rank, columns: vt.columns, data: a }, b: { rows: u.rows, columns: rank, data: b } };
}

export async function transpose({
  rows,
  columns,
  data,
}: Matrix<Float64Array>): Promise<Matrix<Float64Array>> {
  const turned = new Float64Array(data.length);
  await forRows(rows, columns, (i) => {
    for (let j = 0; j < columns; j += 1) turned[j * rows + i] = data[i * columns + j] ?? 0;
  });
  return { rows: columns, columns: rows, data: turned };
}
