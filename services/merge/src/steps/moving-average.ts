import { invalidInput } from '@eigenloom/errors';

/** Share of each of n members in an exponential moving average, in order; they add up to 1. */
export const emaWeights = (n: number, decay: number): number[] =>
  Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 1 - decay) * decay ** (n - 1 - i));

/** The decay of a request. Errors: `FIELD_MISSING`, `OUT_OF_RANGE` unless it is from 0 to below 1. */
export function decayOf(decay: number | undefined, field: string): number {
  if (decay === undefined) throw invalidInput('FIELD_MISSING', field, 'is needed');
  if (decay >= 0 && decay < 1) return decay;
  throw invalidInput('OUT_OF_RANGE', field, `${decay} is not from 0 to below 1`);
}
