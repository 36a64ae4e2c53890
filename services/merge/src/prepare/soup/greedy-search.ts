/** Held-out accuracy of the uniform mean of the models at the given positions. */
export type Score = (members: readonly number[]) => Promise<number>;

export interface SoupChoice {
  /** In order of acceptance. */
  readonly kept: readonly number[];
  /** Of each model alone. */
  readonly accuracies: readonly number[];
  readonly soupAccuracy: number;
}

/**
 * Recipe 1 of Wortsman et al. 2022, arXiv:2203.05482: sort the models by held-out accuracy, best first; starting from the best, add
 * each to the mean and keep it if accuracy does not fall (≥). The authors' program keeps a model only if accuracy rises (>); the
 * recipe of the paper is followed here. Of equally good models the earlier comes first.
 */
export async function greedySearch(
  models: number,
  score: Score,
  onProgress: (fraction: number) => void = () => undefined,
): Promise<SoupChoice> {
  const evaluations = Math.max(1, 2 * models - 1);
  let done = 0;
  const scored: Score = async (members) => {
    const accuracy = await score(members);
    onProgress((done += 1) / evaluations);
    return accuracy;
  };
  const accuracies: number[] = [];
  for (let model = 0; model < models; model += 1) accuracies.push(await scored([model]));
  const order = accuracies.map((_, model) => model);
  order.sort((x, y) => (accuracies[y] ?? 0) - (accuracies[x] ?? 0) || x - y);
  const [best = 0, ...others] = order;
  let kept = [best];
  let soupAccuracy = accuracies[best] ?? 0;
  for (const candidate of others) {
    const accuracy = await scored([...kept, candidate]);
    if (accuracy < soupAccuracy) continue;
    kept = [...kept, candidate];
    soupAccuracy = accuracy;
  }
  return { kept, accuracies, soupAccuracy };
}
