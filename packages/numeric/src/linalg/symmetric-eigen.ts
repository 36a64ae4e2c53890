import { type Matrix, type Precision, type Real, checkSquare } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';

export interface SymmetricEigenResult<A extends Real> {
  /** n eigenvalues in ascending order. */
  readonly values: A;
  /** n × n, the orthonormal eigenvectors are its columns; absent unless asked for. */
  readonly vectors?: Matrix<A>;
}

/**
 * Eigenvalues and eigenvectors of a symmetric n × n matrix, of which only the lower triangle is read. `precision` is that
 * of the vectors of f32, as for singular values; its eigenvalues alone are computed in f32.
 * Errors: `SHAPE_MISMATCH`, `NON_FINITE`, `NO_CONVERGENCE`.
 */
export async function symmetricEigen<A extends Real>(
  a: Matrix<A>,
  { vectors = true, precision = 'f32' }: { readonly vectors?: boolean; readonly precision?: Precision } = {},
  options: CallOptions = {},
): Promise<SymmetricEigenResult<A>> {
  checkSquare('a', a);
  return call('symmetricEigen', options, (task) => addon().symmetricEigen(task, a, vectors, precision));
}
