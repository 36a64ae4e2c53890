import { type Matrix, type Real, checkMatrix, checkSamePrecision } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * The product op(a) · op(b), m × k times k × n, where op transposes if asked to.
 * Errors: `SHAPE_MISMATCH`, `PRECISION_MISMATCH`.
 */
export async function matmul<A extends Real>(
  a: Matrix<A>,
  b: Matrix<A>,
  { transposeA = false, transposeB = false }: MatmulOptions = {},
  options: CallOptions = {},
): Promise<Matrix<A>> {
  checkMatrix('a', a);
  checkMatrix('b', b);
  checkSamePrecision('b', a, b);
  return call('matmul', options, (task) => addon().matmul(task, a, transposeA, b, transposeB));
}
