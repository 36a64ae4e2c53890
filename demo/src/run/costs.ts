import type { DemoOptions } from '../options.js';
import type { StepCost } from './run-pipeline.js';

/** Seconds on two quiet cores for one token position of a step, measured; the remaining time only uses their ratios. */
const LORA_SECONDS_PER_TOKEN = 4e-4;
const FULL_SECONDS_PER_TOKEN = 8e-4;
const FORWARD_SECONDS_PER_TOKEN = 1.3e-4;

/** Expected seconds of the steps of the training pipeline. */
export function expectedSeconds({ training, data }: DemoOptions): StepCost {
  const { batchSize, maxLength, steps, fullSteps, seeds } = training;
  const step = batchSize * maxLength;
  const validation = data.sizes.validation * maxLength * FORWARD_SECONDS_PER_TOKEN;
  const members = 3 * seeds.length;
  return (id) => {
    if (id.endsWith('-full')) return fullSteps * step * FULL_SECONDS_PER_TOKEN + validation + 2;
    if (id.startsWith('train-')) return steps * step * LORA_SECONDS_PER_TOKEN + validation + 1;
    if (id.startsWith('init-eva')) return 20 * step * FORWARD_SECONDS_PER_TOKEN + 2;
    if (id.endsWith('-greedy')) return (2 * members - 1) * validation + 3;
    return 1;
  };
}

/** Expected seconds of the whole demo but data preparation. */
export function expectedTotal(ids: readonly string[], options: DemoOptions): number {
  const cost = expectedSeconds(options);
  const { data, training } = options;
  const scored = ids.filter((id) => /^(?:train|soup)-/.test(id)).length + 6;
  const scoring = scored * data.sizes.test * training.maxLength * FORWARD_SECONDS_PER_TOKEN;
  const merging = 8 * data.sizes.validation * training.maxLength * FORWARD_SECONDS_PER_TOKEN + 8;
  return ids.reduce((sum, id) => sum + cost(id), 0) + scoring + merging;
}
