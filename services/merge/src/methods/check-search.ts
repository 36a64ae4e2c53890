import { invalidInput } from '@eigenloom/errors';

import type { ModelParameters } from './method.js';

/** Throws `OUT_OF_RANGE` for weights of a request whose method finds them itself. */
export function checkEqualWeights(models: readonly ModelParameters[], method: string): void {
  if (models.some(({ weight }) => weight !== 1)) {
    throw invalidInput('OUT_OF_RANGE', 'models.weight', `${method} finds the weights itself`);
  }
}

/** Throws `OUT_OF_RANGE` for a length that has no room for a text; 0 is the default. */
export function checkTextLength(maxLength: number, field: string): void {
  if (maxLength === 1) throw invalidInput('OUT_OF_RANGE', field, 'is less than 2');
}

/** Throws `OUT_OF_RANGE` unless the value is left out or finite and above 0. */
export function checkPositive(value: number | undefined, field: string): void {
  if (value !== undefined && !(Number.isFinite(value) && value > 0)) {
    throw invalidInput('OUT_OF_RANGE', field, `${value} is not a number above 0`);
  }
}
