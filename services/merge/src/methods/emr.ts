import type { merge } from '@eigenloom/contracts';
import type { MergeStep } from '@eigenloom/numeric';

import { modelMethod } from '../prepare/model-method.js';

/** From the models to the unified vector. */
const UNIFY: readonly MergeStep[] = [{ step: 'delta' }, { step: 'elect_sign' }, { step: 'largest' }];

/**
 * EMR-Merging: elect, mask, rescale. Each element of the unified vector τ has the sign of the sum of the task vectors and the largest
 * magnitude among those that have this sign. Task i is read out of it by the mask of the elements where τᵢ has its sign, and a rescaler
 * Σ|τᵢ| / Σ|mask ∘ τ|: `task_mask` makes θ₀ + rescaler · mask ∘ τ. Huang et al. 2024, arXiv:2405.17461. The weights of the models are
 * not used.
 */
export const emr = modelMethod<merge.EmrMerge>({
  summary: 'Elects signs, takes the largest change of each, and writes the mask and rescaler of each task',
  paper: 'arXiv:2405.17461',
  deviations:
    "A sum of zero counts as positive, in the authors' code as negative; the sums of the rescaler are " +
    'over all elements, in their code over the means of the tensors.',
  checked: "The authors' functions in float64; masks to the bit, rescalers to six digits.",
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  create: () => ({
    masksOf: () => ({ steps: UNIFY, before: 1, needs: { name: 'same_sign' }, rescaled: true }),
    mergeTensor: () => [...UNIFY, { step: 'add_base' }],
  }),
});
