import { invalidInput } from '@eigenloom/errors';

import { checkSize } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';
import type { SpectrumSummary, WeightLayout } from './native-spectrum.js';

export interface SpectrumOptions extends CallOptions {
  /** Eigenvalues at or below take no part in the power-law fit. Default: 1e-4 of the mean eigenvalue. */
  readonly cut?: number | undefined;
}

/**
 * The spectrum of a weight in float64, or with `base` of weight − base; the slices of a kernel are pooled. Martin & Mahoney,
 * arXiv:1810.01075. Takes a true decomposition, never the Gram matrix, so that ranks are right.
 * Errors: `SHAPE_MISMATCH`, `NON_FINITE`, `NO_CONVERGENCE`.
 */
export async function spectrum(
  weights: Float64Array,
  base: Float64Array | undefined,
  { rows, columns, positions }: WeightLayout,
  options: SpectrumOptions = {},
): Promise<SpectrumSummary> {
  checkSize('rows', rows, 1);
  checkSize('columns', columns, 1);
  checkSize('positions', positions, 1);
  if (rows * columns * positions !== weights.length) {
    throw invalidInput(
      'SHAPE_MISMATCH',
      'weights',
      `${rows}x${columns}x${positions} with ${weights.length} elements`,
    );
  }
  return await call('spectrum', options, (task) =>
    addon().spectrum(task, weights, base ?? null, { rows, columns, positions }, options.cut ?? null),
  );
}
