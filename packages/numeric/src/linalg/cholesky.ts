import { type Matrix, type Real, checkSquare } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';

/**
 * The lower triangle l with a = l · lᵀ, of a symmetric positive definite n × n matrix, of which only the lower triangle is read.
 * Errors: `SHAPE_MISMATCH`, `NON_FINITE`, `SINGULAR` if a is not positive definite.
 */
export async function cholesky<A extends Real>(a: Matrix<A>, options: CallOptions = {}): Promise<Matrix<A>> {
  checkSquare('a', a);
  return call('cholesky', options, (task) => addon().cholesky(task, a));
}
