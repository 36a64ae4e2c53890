import { type AppError, numericFailure } from '@eigenloom/errors';

import type { NativeNonFiniteResult } from './native-checkpoint.js';

/** A tensor of a result whose values are NaN or infinite as they are stored; `more` counts the others. */
export function nonFiniteResult(
  { tensor, dtype, largest, elements, count }: NativeNonFiniteResult,
  more: number,
  canAllow: boolean,
): AppError {
  const size = String(Number(largest.toPrecision(5)));
  const rest = more === 0 ? '' : ` (and so in ${more} more tensors)`;
  const allow = canAllow ? ', or allow them by allow_non_finite' : '';
  return numericFailure(
    'NON_FINITE_RESULT',
    `tensor ${JSON.stringify(tensor)}: ${count} of ${elements} values of the result are NaN or infinite as ${dtype}${rest}; the largest that ${dtype} holds is ${size}: ${remedyFor(dtype)}${allow}`,
    { details: { tensor, count: String(count), dtype, largest: size } },
  );
}

const remedyFor = (dtype: string): string =>
  dtype === 'F16' || dtype.startsWith('F8')
    ? 'store the result in a type of a larger range (BF16 or F32)'
    : 'look for weights or scales that are too large';
