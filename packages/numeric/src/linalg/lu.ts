import { type Matrix, type Real, checkMatrix } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';

/** Row `permutation[i]` of a is row i of l · u. */
export interface LuResult<A extends Real> {
  /** m × k, unit lower triangular, k = min(m, n). */
  readonly l: Matrix<A>;
  /** k × n, upper triangular; zeros on its diagonal if a is singular. */
  readonly u: Matrix<A>;
  readonly permutation: Uint32Array;
}

/** The LU decomposition of an m × n matrix with partial pivoting. Errors: `SHAPE_MISMATCH`, `NON_FINITE`. */
export async function lu<A extends Real>(a: Matrix<A>, options: CallOptions = {}): Promise<LuResult<A>> {
  checkMatrix('a', a);
  return call('lu', options, (task) => addon().lu(task, a));
}
