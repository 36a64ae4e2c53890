import { type Matrix, type Real, checkMatrix } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';

/** a = q · r. */
export interface QrResult<A extends Real> {
  /** m × k with orthonormal columns, k = min(m, n). */
  readonly q: Matrix<A>;
  /** k × n, upper triangular. */
  readonly r: Matrix<A>;
}

/** The thin QR decomposition of an m × n matrix. Errors: `SHAPE_MISMATCH`, `NON_FINITE`. */
export async function qr<A extends Real>(a: Matrix<A>, options: CallOptions = {}): Promise<QrResult<A>> {
  checkMatrix('a', a);
  return call('qr', options, (task) => addon().qr(task, a));
}
