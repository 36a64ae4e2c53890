import cdf from '@stdlib/stats-base-dists-t-cdf';
import type { Interval } from './intervals.js';

/** Student's paired t-test of two methods over the same seeds. */
export interface PairedTest {
  readonly pairs: number;
  /** Mean of b − a. */
  readonly difference: number;
  /** 95 % interval of the mean difference; undefined with fewer than two pairs. */
  readonly interval?: Interval;
  /** Two-sided; undefined with fewer than two pairs. */
  readonly p?: number;
}

/** Upper 2.5 % point of Student's distribution, by bisection. */
function criticalValue(degrees: number): number {
  let [low, high] = [0, 1000];
  for (let i = 0; i < 100; i += 1) {
    const middle = (low + high) / 2;
    if (cdf(middle, degrees) < 0.975) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

export function pairedTest(a: readonly number[], b: readonly number[]): PairedTest {
  const differences = a.map((value, i) => (b[i] ?? NaN) - value);
  const pairs = differences.length;
  const difference = differences.reduce((sum, d) => sum + d, 0) / pairs;
  if (pairs < 2) return { pairs, difference };
  const variance = differences.reduce((sum, d) => sum + (d - difference) ** 2, 0) / (pairs - 1);
  const error = Math.sqrt(variance / pairs);
  // All differences alike: the test has no spread to go by.
  if (error === 0)
    return { pairs, difference, interval: [difference, difference], p: difference === 0 ? 1 : 0 };
  const half = criticalValue(pairs - 1) * error;
  const p = 2 * (1 - cdf(Math.abs(difference) / error, pairs - 1));
  return { pairs, difference, interval: [difference - half, difference + half], p };
}

/** p-values made stricter for several tests at once, in the order given. Holm 1979, Scand. J. Statist. 6, 65-70. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((x, y) => (pValues[x] ?? 1) - (pValues[y] ?? 1));
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * (pValues[index] ?? 1)));
    adjusted[index] = largest;
  });
  return adjusted;
}
