import { checkFinite, checkFraction } from './check-number.js';
import { dropOutliers } from './masks.js';
import { defineMergeMethod } from './method.js';
import { addTaskVectors } from './task-vectors.js';

/**
 * Model Breadcrumbs (`masks.ts`) before the election of signs of TIES (`ties.ts`). Davari and Belilovsky 2023, arXiv:2312.06795, and
 * Yadav et al. 2023, arXiv:2306.01708. Deviations: those of `breadcrumbs.ts` and
 * `ties.ts`; the sum is not divided unless asked for, as in mergekit.
 */
export const breadcrumbsTies = defineMergeMethod({
  case: 'breadcrumbsTies',
  id: 'breadcrumbs_ties',
  summary: 'Drops the largest and smallest elements of task vectors, elects signs',
  paper: 'arXiv:2312.06795',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  check({ density, gamma, lambda }) {
    checkFraction(density, 'breadcrumbs_ties.density');
    checkFraction(gamma, 'breadcrumbs_ties.gamma');
    checkFinite(lambda, 'breadcrumbs_ties.lambda');
  },
  mergeTensor: (tensor, { lambda = 1, normalize, ...masks }) => [
    ...dropOutliers(tensor, masks),
    ...addTaskVectors(tensor.models, { signs: true, normalize, lambda }),
  ],
});
