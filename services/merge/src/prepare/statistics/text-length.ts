import { checkTextFits } from '@eigenloom/models';

import type { MergePlan, PlannedInput } from '../../plan/planned.js';
import { networkOf } from './network-of.js';

const DEFAULT_MAX_LENGTH = 128;

/** Longest text in tokens where a request says nothing: no more than the model reads. */
export const defaultTextLength = (input: PlannedInput): number =>
  Math.min(DEFAULT_MAX_LENGTH, networkOf(input).config.maxPositions);

/** Errors: `OUT_OF_RANGE` where texts of a length that a request gives at a field are longer than a model reads. */
export function checkGivenLength(
  maxLength: number | undefined,
  field: string,
  { base, models }: MergePlan,
): void {
  if (maxLength === undefined) return;
  for (const input of [...models, ...(base === undefined ? [] : [base])]) {
    const length = { field, maxLength, isDefault: false };
    checkTextFits(length, networkOf(input).config.maxPositions);
  }
}
