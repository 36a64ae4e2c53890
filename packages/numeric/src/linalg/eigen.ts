import { type Matrix, type Real, checkSquare } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';

export interface EigenResult<A extends Real> {
  /** Real parts of the n eigenvalues; conjugates stand side by side, the positive imaginary part first. */
  readonly real: A;
  /** Imaginary parts. */
  readonly imaginary: A;
  /** Right eigenvectors of unit length, the columns of two n × n matrices; absent unless asked for. */
  readonly vectors?: { readonly real: Matrix<A>; readonly imaginary: Matrix<A> };
}

/**
 * Eigenvalues and right eigenvectors of any real n × n matrix.
 * Errors: `SHAPE_MISMATCH`, `NON_FINITE`, `NO_CONVERGENCE`.
 */
export async function eigen<A extends Real>(
  a: Matrix<A>,
  { vectors = true }: { readonly vectors?: boolean } = {},
  options: CallOptions = {},
): Promise<EigenResult<A>> {
  checkSquare('a', a);
  return call('eigen', options, (task) => addon().eigen(task, a, vectors));
}
