import type { common, merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { checkPositive, checkTextLength } from '../../steps/check-number.js';

const DEFAULT_BATCH_SIZE = 32;
/** Leaves room for the network's activations under the 1.5 GB that a merge may take. */
const DEFAULT_MEMORY_BYTES = 2 ** 30;

/** How a search reads its examples and what it may spend; undefined where the method or the model decides. */
export interface SearchSettings {
  readonly batchSize: number;
  readonly maxLength: number | undefined;
  readonly memoryBytes: number;
  readonly epochs: number | undefined;
  readonly steps: number | undefined;
  readonly learningRate: number | undefined;
}

type Spent = 'epochs' | 'steps' | 'learningRate';
const NAMES: readonly (readonly [Spent, string])[] = [
  ['epochs', 'epochs'],
  ['steps', 'steps'],
  ['learningRate', 'learning_rate'],
];

/**
 * The settings of a method's messages with their defaults. `field` is where the request has the method, `spends` what of the budget it
 * has a use for beside memory. Errors: `OUT_OF_RANGE`, `FIELD_UNUSED`.
 */
export function searchSettings(
  parameters: {
    readonly batching?: common.Batching | undefined;
    readonly budget?: merge.SearchBudget | undefined;
  },
  field: string,
  spends: readonly Spent[],
): SearchSettings {
  const { memoryBytes, epochs, steps, learningRate } = parameters.budget ?? {};
  const budget = { epochs, steps, learningRate };
  for (const [key, name] of NAMES) {
    if (budget[key] === undefined || spends.includes(key)) continue;
    throw invalidInput('FIELD_UNUSED', `${field}.budget.${name}`, `${field} has no use for it`);
  }
  const bytes = memoryBytes === undefined ? undefined : Number(memoryBytes);
  checkPositive(bytes, `${field}.budget.memory_bytes`);
  checkPositive(epochs, `${field}.budget.epochs`);
  checkPositive(learningRate, `${field}.budget.learning_rate`);
  return {
    ...batchingOf(parameters.batching, `${field}.batching`),
    memoryBytes: bytes ?? DEFAULT_MEMORY_BYTES,
    ...budget,
  };
}

/** Errors: `OUT_OF_RANGE`. */
export function batchingOf(
  { batchSize, maxLength }: common.Batching = {},
  field: string,
): Pick<SearchSettings, 'batchSize' | 'maxLength'> {
  checkPositive(batchSize, `${field}.batch_size`);
  checkTextLength(maxLength, `${field}.max_length`);
  return { batchSize: batchSize ?? DEFAULT_BATCH_SIZE, maxLength };
}
