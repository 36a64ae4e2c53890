import type { MergeStep } from '@eigenloom/numeric';

import { type ModelParameters, weightsOf } from './method-facts.js';
import type { TensorContext } from './tensor-method.js';

/** How task vectors become one: added, or after the election of a sign those that agree. */
export interface Consensus {
  readonly signs: boolean;
  readonly normalize: boolean;
  readonly lambda: number;
}

/** The steps from task vectors, once they are made sparse, to the model: θ₀ + λ·Σ wᵢτᵢ, divided by the sum of the weights on request. */
export function addTaskVectors(
  models: readonly ModelParameters[],
  { signs, normalize, lambda }: Consensus,
): MergeStep[] {
  const weights = weightsOf(models);
  const divisor = signs ? 'present_weights' : 'weights';
  return [
    { step: 'weigh', weights },
    ...(signs ? [{ step: 'elect_sign' } as const] : []),
    { step: 'sum', divisor: normalize ? divisor : 'one', weights },
    { step: 'scale', factor: lambda },
    { step: 'add_base' },
  ];
}

/** For each model the number of elements that a share is, rounded down, but one where the share is not zero. */
export const countsOf = (
  { models, elements }: TensorContext,
  share: (model: ModelParameters) => number,
): number[] =>
  models.map((model) => {
    const part = share(model);
    return part > 0 ? Math.max(1, Math.floor(part * elements)) : 0;
  });
