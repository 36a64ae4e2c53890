import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite } from '../steps/check-number.js';

/** One model, times a scale: θ = s·θ₁. mergekit (Goddard et al. 2024, arXiv:2403.13257); with slices of layers it makes frankenmerges. */
export const passthrough = modelMethod<merge.PassthroughMerge>({
  summary: 'One model, scaled',
  paper: 'arXiv:2403.13257',
  deviations: '',
  inputs: { base: 'optional', minModels: 1, maxModels: 1 },
  symmetric: true,
  create({ scale = 1 }, field) {
    checkFinite(scale, `${field}.scale`);
    return {
      mergeTensor: ({ models }) => [
        { step: 'weigh', weights: models.map((model) => model.scale ?? scale) },
        { step: 'sum', divisor: 'one', weights: models.map(() => 1) },
      ],
    };
  },
});
