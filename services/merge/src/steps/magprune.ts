import { invalidInput } from '@eigenloom/errors';
import type { MergeStep } from '@eigenloom/numeric';

import { checkFraction, checkNotNegative } from './check-number.js';
import type { ModelParameters } from './method-facts.js';
import type { TensorContext } from './tensor-method.js';

export const DEFAULT_EPSILON = 0.15;

interface Magprune {
  readonly density: number;
  readonly epsilon: number;
}

/** Throws `OUT_OF_RANGE` unless every probability density ± epsilon is above 0 and below 1; a density of 1 drops nothing, one of 0 all. */
export function checkMagprune(
  { density, epsilon }: Magprune,
  models: readonly ModelParameters[],
  method: string,
): void {
  checkFraction(density, `${method}.density`);
  checkNotNegative(epsilon, `${method}.epsilon`);
  for (const [index, model] of models.entries()) {
    const share = model.density ?? density;
    const width = model.epsilon ?? epsilon;
    if (share >= 1 || share === 0 || (share + width < 1 && share - width > 0)) continue;
    const field = model.epsilon === undefined ? `${method}.epsilon` : `models[${index}].epsilon`;
    throw invalidInput('OUT_OF_RANGE', field, `${share} ± ${width} reaches beyond 0 or 1`);
  }
}

/**
 * MAGPRUNE: each element of a task vector stays with a probability that rises linearly with the rank of its magnitude in its row, from
 * ρ − ε/2 to ρ + ε/2, and is then divided by it. Deep et al. 2024, arXiv:2406.11617,
 * whose authors' program halves its window too (declare-lab/della).
 * Deviation: ranks are spread from end to end, r/(n−1), as in mergekit; the paper has r/n. mergekit: probabilities from ρ − ε
 * to ρ + ε, and what stays is scaled to the L1 norm of the whole. A vector is one row. Random numbers as in `dare_linear`.
 */
export function magprune(
  { models, mode }: TensorContext,
  { density, epsilon }: Magprune,
  rescale: boolean,
): MergeStep[] {
  const densities = models.map((model) => model.density ?? density);
  const byProbability = rescale && mode === 'paper';
  const half = mode === 'paper' ? 0.5 : 1;
  const drop: MergeStep = {
    step: 'keep_by_rank',
    densities,
    spreads: models.map((model, i) => (densities[i] === 0 ? 0 : half * (model.epsilon ?? epsilon))),
    survivors: byProbability ? 'divide_by_probability' : 'keep',
  };
  const whole = densities.every((share) => share >= 1);
  if (whole) return [{ step: 'delta' }];
  if (!rescale || byProbability) return [{ step: 'delta' }, drop];
  return [{ step: 'delta' }, drop, { step: 'match_l1', before: 1 }];
}
