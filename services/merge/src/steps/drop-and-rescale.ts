import type { MergeStep } from '@eigenloom/numeric';

import type { TensorContext } from './tensor-method.js';

/**
 * Drop and rescale: each element of a task vector stays with probability ρ and is then divided by ρ. Yu et al. 2023, arXiv:2311.03099.
 * mergekit: what stays is scaled to the L1 norm of the whole instead.
 * The numbers are drawn from (seed, tensor, position of the model, element), so they are not those of torch.
 */
export function dropAndRescale(
  { models, mode }: TensorContext,
  density: number,
  rescale: boolean,
): MergeStep[] {
  const densities = models.map((model) => model.density ?? density);
  const byProbability = rescale && mode === 'paper';
  const drop: MergeStep = {
    step: 'keep_random',
    densities,
    survivors: byProbability ? 'divide_by_probability' : 'keep',
  };
  const whole = densities.every((share) => share >= 1);
  if (whole) return [{ step: 'delta' }];
  if (!rescale || byProbability) return [{ step: 'delta' }, drop];
  return [{ step: 'delta' }, drop, { step: 'match_l1', before: 1 }];
}
