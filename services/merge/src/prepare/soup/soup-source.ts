import type { Model } from '@eigenloom/checkpoint';
import type { ModelSource } from '@eigenloom/models';
import { MergeJob } from '@eigenloom/numeric';

/**
 * The uniform mean of models as something that a network can be loaded from: each tensor is averaged when it is asked for, by
 * the arithmetic that a merge on disk has. `models` have the same tensors.
 */
export function soupSource(models: readonly Model[]): ModelSource {
  const [first] = models;
  return {
    config: first?.config ?? {},
    tensors: first?.tensors ?? new Map(),
    read: (name, _precision, options) => {
      const weights = models.map(() => 1);
      return MergeJob.toMemory(
        {
          name,
          models: models.map((model) => model.source(name)),
          steps: [{ step: 'sum', divisor: 'weights', weights }],
        },
        { signal: options?.signal },
      );
    },
  };
}
