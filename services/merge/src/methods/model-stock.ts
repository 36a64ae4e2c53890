import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';

const MERGEKIT_SMALLEST = 1e-6;

/**
 * Model Stock: θ = t·mean + (1−t)·θ₀ with t = N·cos θ / (1 + (N−1)·cos θ), θ the angle between two task vectors. Jang et al. 2024,
 * arXiv:2403.19522.
 */
export const modelStock = modelMethod<merge.ModelStockMerge>({
  summary: 'Between base and mean, as far as the angles of task vectors say',
  paper: 'arXiv:2403.19522',
  deviations:
    'The paper has one angle for all pairs; here, as in mergekit, cos θ is the mean over the pairs, of ' +
    "the tensor or with `filter_wise` of each row (the paper's own choice is the layer).",
  inMergekitMode: 'Products of two norms below 1e-6 count as that.',
  inputs: { base: 'required', minModels: 2 },
  symmetric: true,
  create: ({ filterWise }) => ({
    mergeTensor: ({ mode }) => [
      { step: 'delta' },
      {
        step: 'combine',
        rule: { name: 'model_stock', smallest: mode === 'mergekit' ? MERGEKIT_SMALLEST : 0 },
        along: filterWise ? 'rows' : 'tensor',
      },
      { step: 'add_base' },
    ],
  }),
});
