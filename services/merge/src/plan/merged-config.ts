import type { ModelConfig } from '@eigenloom/checkpoint';

import type { PlannedInput, PlannedTensor } from './planned.js';

const LABEL_KEYS = ['id2label', 'label2id', 'problem_type'];

/**
 * The base's config, else the first model's. A head that comes from the models keeps its class and the names of its classes, which
 * the base does not know.
 */
export function mergedConfig(
  base: PlannedInput | undefined,
  models: readonly PlannedInput[],
  tensors: readonly PlannedTensor[],
): ModelConfig {
  const first = models[0]?.model.config ?? {};
  if (base === undefined) return first;
  const headOfModels = tensors.some((tensor) => tensor.base === undefined && tensor.buffer !== true);
  if (!headOfModels) return base.model.config;
  const keys = [...LABEL_KEYS, 'architectures'].filter((key) => key in first);
  return { ...base.model.config, ...Object.fromEntries(keys.map((key) => [key, first[key]])) };
}
