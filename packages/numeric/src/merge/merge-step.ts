/**
 * The steps that merge methods are made of; they run on every element of a tensor, in Rust, in one pass (`keep_largest`: two more).
 * Before `sum` there is one row for each model, after it one row in all.
 */
export type MergeStep =
  /** x ← x − base. */
  | { readonly step: 'delta' }
  /** Keeps the given number of largest magnitudes of each model's tensor, the earlier of equal ones, and sets the rest to zero. */
  | { readonly step: 'keep_largest'; readonly counts: readonly number[] }
  /** x ← weight · x. */
  | { readonly step: 'weigh'; readonly weights: readonly number[] }
  /** Sets to zero what differs in sign from the sum over the models; a sum of zero counts as positive. */
  | { readonly step: 'elect_sign' }
  /** Adds the models in order and divides: by nothing, by the sum of the weights, or by that of the models not zero there. */
  | {
      readonly step: 'sum';
      readonly divisor: 'one' | 'weights' | 'present_weights';
      readonly weights: readonly number[];
    }
  /** x ← factor · x. */
  | { readonly step: 'scale'; readonly factor: number }
  /** x ← x + base. */
  | { readonly step: 'add_base' };
