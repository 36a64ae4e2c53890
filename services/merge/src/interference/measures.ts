import type { Interference } from '@eigenloom/numeric';

/** Singular values of one matrix's task vectors: those of each model, largest first. */
export interface Spectra {
  readonly models: readonly ArrayLike<number>[];
  readonly merged: ArrayLike<number>;
}

/** What is reported of a tensor, or of all together. Null where a divisor is zero. */
export interface Measures {
  readonly elements: number;
  /** Share of the elements that any model changed. */
  readonly changed_share: number | null;
  /** Of those, where one model raised and another lowered the value. */
  readonly conflict_share: number | null;
  /** The same of the supports. */
  readonly support_conflict_share: number | null;
  /** Elements in both supports over those in the smaller one, by model × model. */
  readonly support_overlap: readonly (readonly (number | null)[])[];
  /** Cosines of the task vectors, by model × model. */
  readonly cosines: readonly (readonly (number | null)[])[];
}

/** How far the merged task vector's singular values exceed those of the models: below 1 they are smaller. */
export interface Inflation {
  /** σ₁ of the merged over the mean of the models' σ₁. */
  readonly top_inflation: number | null;
  /** The same of Σσ, the nuclear norm. */
  readonly nuclear_inflation: number | null;
}

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

/** Position of the pair (i, j), i ≤ j, of n in the order (0, 0), (0, 1), …, (1, 1), …. */
const pairAt = (i: number, j: number, n: number): number => i * n - (i * (i - 1)) / 2 + (j - i);

function byPair(models: number, value: (i: number, j: number) => number | null): (number | null)[][] {
  return Array.from({ length: models }, (_, i) =>
    Array.from({ length: models }, (__, j) => value(Math.min(i, j), Math.max(i, j))),
  );
}

export function measuresOf(found: Interference, models: number): Measures {
  const { elements, changed, conflicting, keptChanged, keptConflicting, products, overlaps } = found;
  const product = (i: number, j: number): number => products[pairAt(i, j, models)] ?? 0;
  const overlap = (i: number, j: number): number => overlaps[pairAt(i, j, models)] ?? 0;
  return {
    elements,
    changed_share: ratio(changed, elements),
    conflict_share: ratio(conflicting, changed),
    support_conflict_share: ratio(keptConflicting, keptChanged),
    support_overlap: byPair(models, (i, j) => ratio(overlap(i, j), Math.min(overlap(i, i), overlap(j, j)))),
    cosines: byPair(models, (i, j) => ratio(product(i, j), Math.sqrt(product(i, i) * product(j, j)))),
  };
}

/** Counts and sums of several tensors together, which are those of the tensors as one vector. */
export function together(all: readonly Interference[]): Interference {
  const sum = (value: (one: Interference) => number): number =>
    all.reduce((total, one) => total + value(one), 0);
  const sums = (value: (one: Interference) => readonly number[]): number[] =>
    (all[0] === undefined ? [] : value(all[0])).map((_, pair) => sum((one) => value(one)[pair] ?? 0));
  return {
    elements: sum((one) => one.elements),
    changed: sum((one) => one.changed),
    conflicting: sum((one) => one.conflicting),
    keptChanged: sum((one) => one.keptChanged),
    keptConflicting: sum((one) => one.keptConflicting),
    products: sums((one) => one.products),
    overlaps: sums((one) => one.overlaps),
  };
}

/** Over several matrices: the sums of their values are compared. */
export function inflationOf(spectra: readonly Spectra[]): Inflation {
  const mean = (value: (values: ArrayLike<number>) => number): number => {
    const sums = spectra.map(
      ({ models }) => models.reduce((total, own) => total + value(own), 0) / models.length,
    );
    return sums.reduce((total, one) => total + one, 0);
  };
  const ofMerged = (value: (values: ArrayLike<number>) => number): number =>
    spectra.reduce((total, { merged }) => total + value(merged), 0);
  const top = (values: ArrayLike<number>): number => values[0] ?? 0;
  const nuclear = (values: ArrayLike<number>): number =>
    Array.from(values).reduce((total, value) => total + value, 0);
  return {
    top_inflation: ratio(ofMerged(top), mean(top)),
    nuclear_inflation: ratio(ofMerged(nuclear), mean(nuclear)),
  };
}

/** Mean over the pairs of different models; 0 where there is none. */
export function meanOfPairs(matrix: readonly (readonly (number | null)[])[]): number {
  const values = matrix.flatMap((row, i) => row.slice(i + 1)).filter((value) => value !== null);
  return values.length === 0 ? 0 : values.reduce((total, value) => total + value, 0) / values.length;
}
