import { checkFinite } from './check-number.js';
import { checkMagprune, magprune } from './magprune.js';
import { defineMergeMethod } from './method.js';
import { addTaskVectors } from './task-vectors.js';

/**
 * DELLA: MAGPRUNE (`magprune.ts`), the election of signs, and the mean of those that agree. Deep et al. 2024, arXiv:2406.11617.
 * Deviations: those of `ties.ts`; ranks are spread from end to end, r/(n−1) instead of r/n; the random numbers are those
 * of `dare.ts`. mergekit: probabilities from ρ − ε to ρ + ε, and what stays is scaled to the L1 norm of the whole.
 * Checked: share that stays by rank, and rescaling, by statistics.
 */
export const della = defineMergeMethod({
  case: 'della',
  id: 'della',
  summary: 'Drops small elements of task vectors rather than large ones, rescales, elects signs',
  paper: 'arXiv:2406.11617',
  inputs: { base: 'required', minModels: 1 },
  symmetric: false,
  check(parameters, models) {
    checkMagprune(parameters, models, 'della');
    checkFinite(parameters.lambda, 'della.lambda');
  },
  mergeTensor: (tensor, { lambda = 1, normalize = true, rescale = true, ...sparse }) => [
    ...magprune(tensor, sparse, rescale),
    ...addTaskVectors(tensor.models, { signs: true, normalize, lambda }),
  ],
});
