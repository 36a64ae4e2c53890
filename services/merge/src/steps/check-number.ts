import { invalidInput } from '@eigenloom/errors';

/** Throws `OUT_OF_RANGE` unless the value is left out or a finite number. */
export function checkFinite(value: number | undefined, field: string): void {
  if (value !== undefined && !Number.isFinite(value))
    throw invalidInput('OUT_OF_RANGE', field, 'is not finite');
}

/** Throws `OUT_OF_RANGE` unless the value is left out or above 0 and at most 1. */
export function checkShare(value: number | undefined, field: string): void {
  if (value !== undefined && !(value > 0 && value <= 1)) {
    throw invalidInput('OUT_OF_RANGE', field, `${value} is not above 0 and at most 1`);
  }
}

/** Throws `OUT_OF_RANGE` unless the value is left out or finite and 0 or more. */
export function checkNotNegative(value: number | undefined, field: string): void {
  if (value !== undefined && !(Number.isFinite(value) && value >= 0)) {
    throw invalidInput('OUT_OF_RANGE', field, `${value} is not a number of 0 or more`);
  }
}

/** Throws `OUT_OF_RANGE` unless the value is left out or from 0 to 1. */
export function checkFraction(value: number | undefined, field: string): void {
  if (value !== undefined && !(value >= 0 && value <= 1)) {
    throw invalidInput('OUT_OF_RANGE', field, `${value} is not between 0 and 1`);
  }
}

/** Throws `OUT_OF_RANGE` unless every weight is 0 or more. */
export function checkWeightsNotNegative(weights: readonly number[], field: string): void {
  for (const weight of weights) checkNotNegative(weight, field);
}

/** Throws `OUT_OF_RANGE` unless the value is left out or finite and above 0. */
export function checkPositive(value: number | undefined, field: string): void {
  if (value !== undefined && !(Number.isFinite(value) && value > 0)) {
    throw invalidInput('OUT_OF_RANGE', field, `${value} is not a number above 0`);
  }
}

/** Throws `OUT_OF_RANGE` unless the length is left out or has room for a token and one after it. */
export function checkTextLength(tokens: number | undefined, field: string): void {
  if (tokens !== undefined && tokens < 2) throw invalidInput('OUT_OF_RANGE', field, 'is less than 2');
}

/** Throws `OUT_OF_RANGE` when a division by the sum of the weights would make no sense. */
export function checkWeightSum(weights: readonly number[], field: string): void {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (Math.abs(sum) < 1e-8) throw invalidInput('OUT_OF_RANGE', field, 'the weights add up to zero');
}
