import { checkFinite } from './check-number.js';
import { defineMergeMethod } from './method.js';

/**
 * One model, times a scale: θ = s·θ₁. mergekit (Goddard et al. 2024, arXiv:2403.13257); with slices of layers it makes frankenmerges.
 * Deviations: none.
 */
export const passthrough = defineMergeMethod({
  case: 'passthrough',
  id: 'passthrough',
  summary: 'One model, scaled',
  paper: 'arXiv:2403.13257',
  inputs: { base: 'optional', minModels: 1, maxModels: 1 },
  symmetric: true,
  check({ scale }) {
    checkFinite(scale, 'passthrough.scale');
  },
  mergeTensor: ({ models }, { scale = 1 }) => [
    { step: 'weigh', weights: models.map((model) => model.scale ?? scale) },
    { step: 'sum', divisor: 'one', weights: models.map(() => 1) },
  ],
});
