import type { NativeTask } from '../native/native-task.js';

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

/** How the leading left singular vectors of a tuned matrix relate to the base's, and ranks (null for a zero matrix). */
export interface VectorComparison {
  /** For each leading vector, its largest |cosine| to any left singular vector of the base. */
  readonly maxCosines: Float64Array;
  readonly effectiveRank: number | null;
  readonly stableRank: number | null;
  readonly baseEffectiveRank: number | null;
  readonly baseStableRank: number | null;
  /** Of tuned − base. */
  readonly deltaEffectiveRank: number | null;
  readonly deltaStableRank: number | null;
}

/** Functions of the addon; the names and the order of arguments are those of crates/numeric-node/src/spectrum.rs. */
export interface NativeSpectrumCalls {
  spectrum(
    task: NativeTask,
    weights: Float64Array,
    base: Float64Array | null,
    layout: WeightLayout,
    cut: number | null,
  ): Promise<SpectrumSummary>;
  compareSingularVectors(
    task: NativeTask,
    tuned: Float64Array,
    base: Float64Array,
    rows: number,
    columns: number,
    k: number,
  ): Promise<VectorComparison>;
}
