import { type Matrix, type Precision, type Real, checkMatrix } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';

export interface SvdOptions<V extends 'thin' | 'full' | 'none'> {
  readonly vectors: V;
  /** Default `f32`, for f32. All vectors (`full`) are computed in f64 whatever it says. */
  readonly precision?: Precision;
}

/** Singular values, and the vectors if they were asked for. */
export interface SingularVectors<A extends Real> {
  /** m × k (thin) or m × m (full): the left singular vectors are its columns. */
  readonly u: Matrix<A>;
  /** k = min(m, n) values, largest first, none negative. */
  readonly s: A;
  /** k × n (thin) or n × n (full): the right singular vectors are its rows. */
  readonly vt: Matrix<A>;
}

export type SvdResult<A extends Real, V> = V extends 'none'
  ? Pick<SingularVectors<A>, 's'>
  : SingularVectors<A>;

/**
 * The singular value decomposition a = u · diag(s) · vt of an m × n matrix, backward stable: the relative residual is some
 * units in the last place times a slow function of the size, at any scale of the elements. In f32, and at 2048 × 2048, it is at most 3e-6
 * and the distance of the vectors from orthonormal 4e-6; with `precision` f64 both stay below 1e-6.
 * Source: Golub and Kahan 1965, doi:10.1137/0702016; docs/decisions/0019.
 * Errors: `SHAPE_MISMATCH`, `NON_FINITE` (with the index), `NO_CONVERGENCE`.
 */
export async function svd<A extends Real, V extends 'thin' | 'full' | 'none'>(
  a: Matrix<A>,
  { vectors, precision = 'f32' }: SvdOptions<V>,
  options: CallOptions = {},
): Promise<SvdResult<A, V>> {
  checkMatrix('a', a);
  const result = await call('svd', options, (task) => addon().svd(task, a, vectors, precision));
  return result as SvdResult<A, V>;
}
