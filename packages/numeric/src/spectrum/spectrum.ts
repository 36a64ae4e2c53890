import { invalidInput } from '@eigenloom/errors';

import { checkSize } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';

/** A fitted power law, density ∝ λ^−alpha for λ ≥ xmin. */
export interface PowerLawTail {
  readonly alpha: number;
  readonly xmin: number;
  readonly xmax: number;
  /** Kolmogorov-Smirnov distance D. */
  readonly distance: number;
  /** Standard error of alpha. */
  readonly sigma: number;
  /** Eigenvalues ≥ xmin. */
  readonly spikes: number;
}

/** Why a spectrum has no tail: too few eigenvalues above the cut, equal ones (up to rounding), or no exponent above 1 that fits. */
export interface NoTail {
  readonly reason: 'too_few' | 'equal' | 'no_fit';
  /** Eigenvalues above the cut, when these are too few. */
  readonly eigenvalues: number;
  /** Different eigenvalues that a tail needs. */
  readonly needed: number;
}

/** A fitted Marchenko-Pastur law. Edges in units of the eigenvalues, sigma of the eigenvalues rescaled to mean 1. */
export interface Bulk {
  readonly sigma: number;
  readonly min: number;
  readonly max: number;
  /** Eigenvalues above the upper edge and its fluctuation. */
  readonly spikes: number;
  /** Upper edge over the largest eigenvalue. */
  readonly softRank: number;
  /** √(n / Σλ). */
  readonly scale: number;
}

/** What one spectrum says; eigenvalues λ are squared singular values. Null where undefined: of a zero matrix, of a failed fit. */
export interface SpectrumSummary {
  /** Ascending. */
  readonly singularValues: Float64Array;
  readonly svMax: number;
  readonly svMin: number;
  readonly lambdaMax: number;
  /** Σλ. */
  readonly norm: number;
  /** Singular values above svMax · N · 2⁻⁵². */
  readonly rank: number;
  readonly rankLoss: number;
  /** Eigenvalues below 1e-6. */
  readonly weakRankLoss: number;
  readonly stableRank: number | null;
  readonly entropy: number | null;
  readonly effectiveRank: number | null;
  readonly tail: PowerLawTail | null;
  /** Null where there is a tail. */
  readonly noTail: NoTail | null;
  /** alpha · log₁₀ λ_max. */
  readonly alphaWeighted: number | null;
  /** log₁₀ Σ λ^alpha. */
  readonly logAlphaNorm: number | null;
  /** The tail of unit determinant: its length and its smallest eigenvalue. */
  readonly unitTailCount: number;
  readonly unitTailValue: number | null;
  readonly bulk: Bulk | null;
}

/** A weight of `rows · columns · positions` elements, the positions of a convolution kernel next to each other (matrix: 1). */
export interface WeightLayout {
  readonly rows: number;
  readonly columns: number;
  readonly positions: number;
}

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
