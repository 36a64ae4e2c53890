import type { Real } from '@eigenloom/numeric';

/** What decides the rank. With neither share nor error it is `most`, where there are as many singular values. */
export interface RankRule {
  readonly most: number;
  /** The smallest rank with this share of the total of squared singular values. */
  readonly energy?: number | undefined;
  /** The smallest rank whose remainder has at most this share of the norm. */
  readonly epsilon?: number | undefined;
}

/**
 * Rank by the singular values, largest first; `total` is the sum of the squares of all of them, more than are given where only the
 * largest are known. At least 1. With energy and epsilon the larger of their ranks.
 */
export function chooseRank(values: Real, total: number, { most, energy, epsilon }: RankRule): number {
  const limit = Math.max(1, Math.min(most, values.length));
  if (energy === undefined && epsilon === undefined) return limit;
  const wanted = Math.max(energy ?? 0, epsilon === undefined ? 0 : 1 - epsilon ** 2) * total;
  let sum = 0;
  for (let rank = 1; rank <= limit; rank += 1) {
    sum += (values[rank - 1] ?? 0) ** 2;
    if (sum >= wanted) return rank;
  }
  return limit;
}
