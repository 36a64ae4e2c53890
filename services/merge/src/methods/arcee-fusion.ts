import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';

/**
 * Takes from one model the elements whose importance |θ₁ − θ₀| · KL(softmax(row of θ₁) ‖ softmax(row of θ₀)) is at least the tensor's
 * median plus 1.5 interquartile ranges; the rest stays with the base. From mergekit (arXiv:2403.13257), which has no paper for it.
 */
export const arceeFusion = modelMethod<merge.ArceeFusionMerge>({
  summary: 'Takes from one model the changes that matter most',
  paper: 'arXiv:2403.13257',
  deviations:
    'Scores are computed in f64, quantiles are exact on tensors of any size (mergekit draws a million ' +
    'elements of larger ones).',
  inMergekitMode:
    'A quantile between two elements is the lower one; otherwise it is interpolated. A vector is one row.',
  inputs: { base: 'required', minModels: 1, maxModels: 1 },
  symmetric: true,
  create: () => ({
    mergeTensor: ({ models, mode }) => [
      { step: 'keep_important', quantile: mode === 'mergekit' ? 'lower' : 'linear' },
      { step: 'sum', divisor: 'one', weights: models.map(() => 1) },
    ],
  }),
});
