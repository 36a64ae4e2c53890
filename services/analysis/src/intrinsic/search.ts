/**
 * The first of ascending candidates that is good enough, by bisection, for a property that stays once it holds. Undefined where the last one
 * is not. Each candidate that is looked at is tried once.
 */
export async function bisect(
  candidates: readonly number[],
  isEnough: (candidate: number) => Promise<boolean>,
): Promise<number | undefined> {
  let [below, from] = [-1, candidates.length];
  while (from - below > 1) {
    const middle = (below + from) >> 1;
    const candidate = candidates[middle];
    if (candidate === undefined) break;
    if (await isEnough(candidate)) from = middle;
    else below = middle;
  }
  return candidates[from];
}

/** Most candidates that `bisect` looks at. */
export const triesOf = (candidates: number): number => Math.ceil(Math.log2(candidates + 1));
