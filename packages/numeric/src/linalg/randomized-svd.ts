import { invalidInput } from '@eigenloom/errors';

import { type Matrix, type Precision, type Real, checkMatrix, checkSize } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';
import { checkWord } from '../random.js';
import type { SingularVectors } from './svd.js';

export interface RandomizedSvdOptions {
  /** k: singular triplets wanted, 1 to min(m, n). */
  readonly rank: number;
  /** Random directions beyond the rank; the paper recommends 5 to 10. */
  readonly oversampling: number;
  /** Subspace iterations, each one product with a and one with its transpose; 1 or 2 suffice unless the spectrum is flat. */
  readonly powerIterations: number;
  /** Unsigned 64 bits; the result is a function of it and the matrix. */
  readonly seed: bigint;
  /** Default `f32`, for f32. */
  readonly precision?: Precision;
}

/**
 * The largest singular triplets, approximately: u is m × k, s has k values, vt is k × n.
 * Source: Halko, Martinsson, Tropp, arXiv:0909.4061, algorithms 4.4 and 5.1.
 * Errors: `SHAPE_MISMATCH`, `OUT_OF_RANGE`, `NON_FINITE` (with the index), `NO_CONVERGENCE`.
 */
export async function randomizedSvd<A extends Real>(
  a: Matrix<A>,
  { rank, oversampling, powerIterations, seed, precision = 'f32' }: RandomizedSvdOptions,
  options: CallOptions = {},
): Promise<SingularVectors<A>> {
  checkMatrix('a', a);
  checkSize('rank', rank, 1);
  checkSize('oversampling', oversampling);
  checkSize('powerIterations', powerIterations);
  checkWord('seed', seed);
  if (rank > Math.min(a.rows, a.columns)) {
    throw invalidInput(
      'OUT_OF_RANGE',
      'rank',
      `${rank} is above the rank of a ${a.rows}x${a.columns} matrix`,
    );
  }
  const result = await call('randomizedSvd', options, (task) =>
    addon().randomizedSvd(task, a, rank, oversampling, powerIterations, seed, precision),
  );
  return result as SingularVectors<A>;
}
