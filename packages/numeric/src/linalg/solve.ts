import { type Matrix, type Real, checkMatrix, checkSamePrecision } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';

/**
 * `lu`: any square matrix. `cholesky`: symmetric positive definite, only the lower triangle is read. `lower`, `upper`: triangular,
 * the other triangle is not read. `leastSquares`: by QR, at least as many rows as columns, full column rank.
 */
export type SolveMethod = 'lu' | 'cholesky' | 'lower' | 'upper' | 'leastSquares';

/**
 * Solves a · x = b, or minimises its residual, for x (n × p), given a (m × n) and b (m × p).
 * Errors: `SHAPE_MISMATCH`, `PRECISION_MISMATCH`, `NON_FINITE`, and `SINGULAR` for a pivot of exactly zero, a matrix that is not
 * positive definite (`cholesky`), or a solution that overflows.
 */
export async function solve<A extends Real>(
  a: Matrix<A>,
  b: Matrix<A>,
  { method = 'lu' }: { readonly method?: SolveMethod } = {},
  options: CallOptions = {},
): Promise<Matrix<A>> {
  checkMatrix('a', a);
  checkMatrix('b', b);
  checkSamePrecision('b', a, b);
  return call('solve', options, (task) => addon().solve(task, a, b, method));
}
