/** What happens where there is no base: an error, or nothing, as if the base were zero. */
type BaseUse = 'required' | 'if_given';
/** What becomes of elements that survive random dropping. */
export type Survivors = 'keep' | 'divide_by_probability';

/** How the coefficients of a combination follow from the dot products of the models. */
export type CombineRule =
  /** Spherical interpolation between two models; linear where the cosine exceeds `linear_above`. */
  | { readonly name: 'slerp'; readonly t: number; readonly linear_above: number }
  /** A mean in the tangent space at the mean direction; `epsilon` is added to norms. */
  | { readonly name: 'multislerp'; readonly weights: readonly number[]; readonly epsilon: number }
  /** The Riemannian mean of the directions. */
  | { readonly name: 'karcher'; readonly max_iterations: number; readonly tolerance: number }
  /** Towards the mean as far as the angles say; products of norms below `smallest` count as that. */
  | { readonly name: 'model_stock'; readonly smallest: number };

/** When a model needs an element of what was merged: x is the model's, m the merged one. */
export type MaskNeeds =
  /** x·m > 0. */
  | { readonly name: 'same_sign' }
  /** |x| > lambda·|m − x|. */
  | { readonly name: 'nearer'; readonly lambda: number };

/**
 * How a whole matrix follows from those of the models. A matrix is (out, in): the first dimension, and all others as one. Models that
 * have non-finite values give a result of NaN. Sums are in f64.
 */
export type MatrixRule =
  /** The first 1/N singular triplets of each of N models, their vectors made orthogonal. */
  | { readonly name: 'tsv_merge' }
  /** The sum with all singular values that are not zero set to their mean. */
  | { readonly name: 'iso_c' }
  /** Directions of the sum, that share of all, and of what each model has outside them; the same singular value for all. */
  | { readonly name: 'iso_cts'; readonly common_fraction: number }
  /** TIES in the coordinates of the left singular vectors of all models side by side; right where there are more rows than columns. */
  | {
      readonly name: 'knots_ties';
      readonly densities: readonly number[];
      readonly weights: readonly number[];
      readonly normalize: boolean;
    }
  /** Adam from the sum towards the least interference with the models. */
  | { readonly name: 'wudi'; readonly iterations: number; readonly learning_rate: number }
  /** Σ wᵢxᵢ, each singular value times N / Σᵢ max(alpha, how much of the response is model i's). */
  | { readonly name: 'svc'; readonly alpha: number; readonly weights: readonly number[] }
  /** One model after the other, without its components along the dominant directions of those before; `alpha` is their share. */
  | { readonly name: 'opcm'; readonly alpha: number }
  /**
   * W = (Σ wᵢWᵢĜᵢ)(Σ wᵢĜᵢ)⁻¹, Ĝ = α·G + (1−α)·diag(G). G (in, in) is each model's `statistic`: symmetric, finite. Errors: `SINGULAR` where
   * Σ wᵢĜᵢ is not positive definite to working precision.
   */
  | { readonly name: 'regmean'; readonly alpha: number; readonly weights: readonly number[] };

/**
 * The steps that merge methods are made of; they run in Rust on every element of a tensor, in one pass after those that steps need to
 * see the whole tensor. At first there is one row for each model; `sum`, `mean_by_energy`, `combine`, `largest`, `consensus`, `fisher_mean`,
 * `matrix` and `select` leave one row in all, and a program has exactly one of these. Lists have one entry for each model; `before` is the position of an earlier step.
 */
export type MergeStep =
  /** x ← x − base. */
  | { readonly step: 'delta'; readonly base?: BaseUse }
  /** Keeps the given number of largest magnitudes of each model's tensor, the earlier of equal ones, and sets the rest to zero. */
  | { readonly step: 'keep_largest'; readonly counts: readonly number[] }
  /** Sets the given number of largest magnitudes of each model's tensor to zero, the earlier of equal ones. */
  | { readonly step: 'drop_largest'; readonly counts: readonly number[] }
  /** Keeps each element with the model's density as probability. */
  | { readonly step: 'keep_random'; readonly densities: readonly number[]; readonly survivors: Survivors }
  /** Keeps each element with a probability that rises with the rank of its magnitude in its row, density ± spread. */
  | {
      readonly step: 'keep_by_rank';
      readonly densities: readonly number[];
      readonly spreads: readonly number[];
      readonly survivors: Survivors;
    }
  /** Sets to zero what is no larger than the threshold. */
  | { readonly step: 'keep_above'; readonly threshold: number }
  /** Keeps, in all models, the elements whose variance over the models is largest: that share of those that vary. */
  | { readonly step: 'keep_most_varied'; readonly share: number; readonly count_in: 'f32' | 'f64' }
  /** Sets x to the base where |x − base| times the divergence of the row's softmax is below the median plus 1.5 interquartile ranges. */
  | { readonly step: 'keep_important'; readonly quantile: 'linear' | 'lower' }
  /** x ← x · min(1, limit / max(|x|, smallest)). */
  | { readonly step: 'clip'; readonly limit: number; readonly smallest: number }
  /** Scales each model to the L1 norm that it had before an earlier step. */
  | { readonly step: 'match_l1'; readonly before: number }
  /** Sets to zero what is not set in each model's mask, its `statistic`: U8, a bit an element, the first in the highest bit of a byte. */
  | { readonly step: 'apply_mask' }
  /** Scales each row to the mean, over the models, of the L2 norms that they had before an earlier step. */
  | { readonly step: 'match_mean_norm'; readonly before: number }
  /** x ← weight · x. */
  | { readonly step: 'weigh'; readonly weights: readonly number[] }
  /** Sets to zero what differs in sign from the sum over the models; a sum of zero counts as positive. */
  | { readonly step: 'elect_sign' }
  /** Scales what only one model has by 1 + r·min(alpha, elements that it shares / elements that it alone has). */
  | { readonly step: 'amplify_unique'; readonly r: number; readonly alpha: number }
  /** Adds the models in order and divides: by nothing, by the sum of the weights, or by that of the models not zero there. */
  | {
      readonly step: 'sum';
      readonly divisor: 'one' | 'weights' | 'present_weights';
      readonly weights: readonly number[];
    }
  /**
   * The mean over the models not zero there, weighted by the mean square that each had before an earlier step; mean squares that add
   * up to less than `smallest_sum` count as equal, divisors below `smallest_divisor` as that.
   */
  | {
      readonly step: 'mean_by_energy';
      readonly before: number;
      readonly smallest_sum: number;
      readonly smallest_divisor: number;
    }
  /** At each element the value of largest magnitude; of equal magnitudes the positive. */
  | { readonly step: 'largest' }
  /** The sum where |xᵢ| > lambda·|sum − xᵢ| for that many models or more, else zero. */
  | { readonly step: 'consensus'; readonly lambda: number; readonly least: number }
  /** Σ cᵢxᵢ, with coefficients for the whole tensor, for each row (last dimension) or for each column (first dimension). */
  | {
      readonly step: 'combine';
      readonly rule: CombineRule;
      readonly along: 'tensor' | 'rows' | 'columns';
    }
  /**
   * Σ wᵢFᵢxᵢ / Σ wᵢFᵢ, element by element; F is each model's `statistic`, of the tensor's size, plus `floor` (default 0). Where the divisor
   * is zero, Σ wᵢxᵢ / Σ wᵢ.
   * Errors: `OUT_OF_RANGE` for a statistic that is negative or not finite.
   */
  | { readonly step: 'fisher_mean'; readonly weights: readonly number[]; readonly floor?: number }
  /** What a rule makes of the whole matrices. No step before it may need whole rows. */
  | { readonly step: 'matrix'; readonly rule: MatrixRule }
  /** Of one model, whose `statistic` is a mask as for `apply_mask`: the model where it is set, the base elsewhere, bits as they are. */
  | { readonly step: 'select' }
  /** x ← factor · x. */
  | { readonly step: 'scale'; readonly factor: number }
  /** x ← x + base. */
  | { readonly step: 'add_base'; readonly base?: BaseUse };
