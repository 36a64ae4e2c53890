import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite, checkFraction } from '../steps/check-number.js';
import { dropAndRescale } from '../steps/drop-and-rescale.js';
import { addTaskVectors } from '../steps/task-vectors.js';

/**
 * DARE before the election of signs of TIES, see steps/drop-and-rescale.ts and `ties`. Yu et al. 2023, arXiv:2311.03099, and Yadav et al. 2023,
 * arXiv:2306.01708, Algorithm 1.
 */
export const dareTies = modelMethod<merge.DareTiesMerge>({
  summary: 'Drops elements of task vectors at random, rescales, elects signs',
  paper: 'arXiv:2311.03099',
  deviations:
    'Those of `ties`; the sum is not divided unless asked for, as in mergekit. The random numbers are ' +
    "those of `dare_linear`, not torch's.",
  inMergekitMode: 'What stays is scaled to the L1 norm of the whole, instead of by 1/ρ.',
  checked: 'Share that stays and rescaling, by statistics.',
  inputs: { base: 'required', minModels: 1 },
  symmetric: false,
  create({ density = 1, lambda = 1, normalize, rescale = true }, field) {
    checkFraction(density, `${field}.density`);
    checkFinite(lambda, `${field}.lambda`);
    return {
      mergeTensor: (tensor) => [
        ...dropAndRescale(tensor, density, rescale),
        ...addTaskVectors(tensor.models, { signs: true, normalize, lambda }),
      ],
    };
  },
});
