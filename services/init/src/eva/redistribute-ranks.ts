/**
 * Ranks by explained variance, arXiv:2410.07170, equation 4 and Algorithm 1: of all modules' components the `budget` that explain
 * most are kept, and a module's rank is how many of its own are among them (0 removes it). Equal shares, as modules with one input
 * have, are taken in order of component and then of module, so that such modules differ by one at most.
 */
export function redistributeRanks(
  explained: ReadonlyMap<string, ArrayLike<number>>,
  budget: number,
): Map<string, number> {
  const pool = [...explained].flatMap(([module, shares], order) =>
    Array.from(shares, (share, index) => ({ module, share, index, order })),
  );
  pool.sort((x, y) => y.share - x.share || x.index - y.index || x.order - y.order);
  const ranks = new Map([...explained.keys()].map((module) => [module, 0]));
  for (const { module } of pool.slice(0, budget)) ranks.set(module, (ranks.get(module) ?? 0) + 1);
  return ranks;
}
