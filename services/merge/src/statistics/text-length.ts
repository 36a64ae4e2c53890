import { checkTextFits } from '@eigenloom/models';

import type { MergePlan, PlannedInput } from '../plan/planned.js';
import { networkOf } from './network-of.js';

const DEFAULT_MAX_LENGTH = 128;

/** Longest text in tokens where a request says nothing: no more than the model reads. */
export const defaultTextLength = (input: PlannedInput): number =>
  Math.min(DEFAULT_MAX_LENGTH, networkOf(input).config.maxPositions);

/** Errors: `OUT_OF_RANGE` where texts of a length that a request gives are longer than a model reads; 0 is the default. */
export function checkGivenLength(maxLength: number, { method, base, models }: MergePlan): void {
  if (maxLength === 0) return;
  for (const input of [...models, ...(base === undefined ? [] : [base])]) {
    const length = { field: `${method.id}.max_length`, maxLength, isDefault: false };
    checkTextFits(length, networkOf(input).config.maxPositions);
  }
}
