import { checkFinite, checkFraction } from './check-number.js';
import { dropAndRescale } from './dare.js';
import { defineMergeMethod } from './method.js';
import { addTaskVectors } from './task-vectors.js';

/**
 * DARE before the election of signs of TIES, see `dare.ts` and `ties.ts`. Yu et al. 2023, arXiv:2311.03099, and Yadav et
 * al. 2023, arXiv:2306.01708, Algorithm 1.
 * Deviations: those of `ties.ts`; the sum is not divided unless asked for, as in mergekit. The random numbers
 * are those of `dare.ts`, not torch's. mergekit: what stays is scaled to the L1 norm of the whole, instead of by 1/ρ.
 * Checked: share that stays and rescaling, by statistics.
 */
export const dareTies = defineMergeMethod({
  case: 'dareTies',
  id: 'dare_ties',
  summary: 'Drops elements of task vectors at random, rescales, elects signs',
  paper: 'arXiv:2311.03099',
  inputs: { base: 'required', minModels: 1 },
  symmetric: false,
  check({ density, lambda }) {
    checkFraction(density, 'dare_ties.density');
    checkFinite(lambda, 'dare_ties.lambda');
  },
  mergeTensor: (tensor, { density = 1, lambda = 1, normalize, rescale = true }) => [
    ...dropAndRescale(tensor, density, rescale),
    ...addTaskVectors(tensor.models, { signs: true, normalize, lambda }),
  ],
});
