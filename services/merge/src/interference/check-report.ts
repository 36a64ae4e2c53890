import type { merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { checkShare } from '../steps/check-number.js';
import type { MergePlan } from '../plan/planned.js';

/** Throws InvalidInput when a report is asked for that the merge cannot have. */
export function checkReport({ reportInterference }: merge.MergeRequest, plan: MergePlan | undefined): void {
  if (reportInterference === undefined || plan === undefined) return;
  checkShare(reportInterference.density, 'report_interference.density');
  if (plan.base === undefined) {
    throw invalidInput(
      'FIELD_MISSING',
      'base',
      'report_interference needs what the models were fine-tuned from',
    );
  }
  if (plan.models.length < 2) {
    throw invalidInput('OUT_OF_RANGE', 'report_interference', 'needs two models or more');
  }
}
