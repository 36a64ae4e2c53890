import { hashFraction } from '../data/split.js';

/** Bounds of a 95 % confidence interval. */
export type Interval = readonly [low: number, high: number];

/** Upper 2.5 % point of the normal distribution. */
const Z = 1.959963984540054;

/** Wilson's score interval of a share of independent trials. Wilson 1927, JASA 22, 209-212. */
export function wilson(right: number, total: number): Interval {
  const share = right / total;
  const z2 = Z * Z;
  const centre = (share + z2 / (2 * total)) / (1 + z2 / total);
  const half = (Z * Math.sqrt((share * (1 - share)) / total + z2 / (4 * total * total))) / (1 + z2 / total);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

const RESAMPLES = 2000;

/**
 * Percentile interval of a share when examples of one group are not independent: whole groups are drawn with replacement.
 * Davison & Hinkley 1997, Bootstrap Methods, section 3.8. Seeded.
 */
export function groupBootstrap(
  outcomes: readonly { readonly group: string; readonly right: boolean }[],
): Interval {
  const groups = new Map<string, { right: number; total: number }>();
  for (const { group, right } of outcomes) {
    const entry = groups.get(group) ?? { right: 0, total: 0 };
    groups.set(group, { right: entry.right + Number(right), total: entry.total + 1 });
  }
  const list = [...groups.values()];
  const shares = Array.from({ length: RESAMPLES }, (_, resample) => {
    let state = Math.floor(hashFraction(resample, 'bootstrap') * 2 ** 32) >>> 0;
    let right = 0;
    let total = 0;
    for (let draws = list.length; draws > 0; draws -= 1) {
      state = nextState(state);
      const drawn = list[Math.floor((mix(state) / 2 ** 32) * list.length)];
      right += drawn?.right ?? 0;
      total += drawn?.total ?? 0;
    }
    return right / total;
  }).sort((a, b) => a - b);
  const at = (q: number): number => shares[Math.round(q * (RESAMPLES - 1))] ?? NaN;
  return [at(0.025), at(0.975)];
}

/** Weyl sequence and finaliser of MurmurHash3: enough for resampling. */
const nextState = (state: number): number => (state + 0x9e3779b9) >>> 0;
function mix(state: number): number {
  let h = state;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
