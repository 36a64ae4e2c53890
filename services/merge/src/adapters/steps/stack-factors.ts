import type { Matrix } from '@eigenloom/numeric';

import type { Factors, Member } from './adapter-method.js';
import { forRows } from './for-rows.js';

/** Rows below one another, each matrix times its factor (default 1); all have the same columns. */
export async function stackRows(
  matrices: readonly Matrix[],
  factors: readonly number[] = [],
): Promise<Matrix<Float64Array>> {
  const columns = matrices[0]?.columns ?? 0;
  const rows = matrices.reduce((sum, matrix) => sum + matrix.rows, 0);
  const data = new Float64Array(rows * columns);
  let top = 0;
  for (const [index, matrix] of matrices.entries()) {
    const factor = factors[index] ?? 1;
    const to = top * columns;
    await forRows(matrix.rows, columns, (i) => {
      const end = (i + 1) * columns;
      for (let at = i * columns; at < end; at += 1) data[to + at] = factor * (matrix.data[at] ?? 0);
    });
    top += matrix.rows;
  }
  return { rows, columns, data };
}

/** Columns beside one another, each matrix times its factor (default 1); all have the same rows. */
export async function joinColumns(
  matrices: readonly Matrix[],
  factors: readonly number[] = [],
): Promise<Matrix<Float64Array>> {
  const rows = matrices[0]?.rows ?? 0;
  const columns = matrices.reduce((sum, matrix) => sum + matrix.columns, 0);
  const data = new Float64Array(rows * columns);
  let left = 0;
  for (const [index, matrix] of matrices.entries()) {
    const factor = factors[index] ?? 1;
    const to = left;
    await forRows(rows, matrix.columns, (i) => {
      const from = i * matrix.columns;
      for (let j = 0; j < matrix.columns; j += 1) {
        data[i * columns + to + j] = factor * (matrix.data[from + j] ?? 0);
      }
    });
    left += matrix.columns;
  }
  return { rows, columns, data };
}

/** w·s of each member. */
export const scalesOf = (members: readonly Member[]): number[] =>
  members.map(({ weight, scaling }) => weight * scaling);

/** Factors of Σ wᵢsᵢBᵢAᵢ: [w₁s₁B₁ … wₙsₙBₙ] and the Aᵢ below one another. */
export const stackFactors = async (
  factors: readonly Factors[],
  members: readonly Member[],
): Promise<Factors> => ({
  a: await stackRows(factors.map(({ a }) => a)),
  b: await joinColumns(
    factors.map(({ b }) => b),
    scalesOf(members),
  ),
});
