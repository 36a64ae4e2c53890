import { type Matrix, checkMatrix, checkSize } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';
import type { VectorComparison } from './native-spectrum.js';

/**
 * Compares the first `k` left singular vectors of `tuned` (fewer if it is smaller) with all of `base`, in float64.
 * Shuttleworth et al. 2024, arXiv:2410.21228. Errors: `SHAPE_MISMATCH`, `OUT_OF_RANGE`, `NON_FINITE`, `NO_CONVERGENCE`.
 */
export async function compareSingularVectors(
  tuned: Matrix<Float64Array>,
  base: Matrix<Float64Array>,
  k: number,
  options: CallOptions = {},
): Promise<VectorComparison> {
  checkMatrix('tuned', tuned);
  checkMatrix('base', base);
  checkSize('k', k, 1);
  return await call('compareSingularVectors', options, (task) =>
    addon().compareSingularVectors(task, tuned.data, base.data, tuned.rows, tuned.columns, k),
  );
}
