import { ADAPTER_ERROR_CASES } from './adapters.js';
import { ANALYSIS_ERROR_CASES } from './analysis.js';
import type { ErrorCase } from './error-case.js';
import { INIT_ERROR_CASES } from './init.js';
import { MERGE_ERROR_CASES } from './merge.js';
import { RECIPE_ERROR_CASES } from './recipes.js';
import { TRAIN_ERROR_CASES } from './train.js';

export type { ErrorCase } from './error-case.js';

/** Every mistake that the tests make, in the order of the guide. */
export const ERROR_CASES: readonly ErrorCase[] = [
  ...RECIPE_ERROR_CASES,
  ...INIT_ERROR_CASES,
  ...TRAIN_ERROR_CASES,
  ...MERGE_ERROR_CASES,
  ...ANALYSIS_ERROR_CASES,
  ...ADAPTER_ERROR_CASES,
];
