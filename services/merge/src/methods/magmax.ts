import { checkFinite } from './check-number.js';
import { defineMergeMethod, weightsOf } from './method.js';

/**
 * MagMax: of each element the change of largest magnitude, θ = θ₀ + λ·τ. Marczak et al. 2024, arXiv:2407.06322.
 * Deviations: weights wᵢ of the task vectors; of equal magnitudes the positive change, where the authors' code takes the later model's.
 * Checked: FusionBench's own functions in float64, within 3e-7 of the largest value.
 */
export const magmax = defineMergeMethod({
  case: 'magmax',
  id: 'magmax',
  summary: 'Takes of each element the change of largest magnitude',
  paper: 'arXiv:2407.06322',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  check({ lambda }) {
    checkFinite(lambda, 'magmax.lambda');
  },
  mergeTensor: ({ models }, { lambda = 1 }) => [
    { step: 'delta' },
    { step: 'weigh', weights: weightsOf(models) },
    { step: 'largest' },
    { step: 'scale', factor: lambda },
    { step: 'add_base' },
  ],
});
