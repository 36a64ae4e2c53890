import { invalidInput } from '@eigenloom/errors';

import type { ModelParameters } from './method-facts.js';

/** Throws `OUT_OF_RANGE` where a model has a weight of its own, with the reason why the method has no use for it. */
export function checkUnweighted(models: readonly ModelParameters[], why: string): void {
  if (models.some(({ weight }) => weight !== 1)) throw invalidInput('OUT_OF_RANGE', 'models.weight', why);
}
