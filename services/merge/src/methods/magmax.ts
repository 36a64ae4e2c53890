import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite } from '../steps/check-number.js';
import { weightsOf } from '../steps/method-facts.js';

/** MagMax: of each element the change of largest magnitude, θ = θ₀ + λ·τ. Marczak et al. 2024, arXiv:2407.06322. */
export const magmax = modelMethod<merge.MagmaxMerge>({
  summary: 'Takes of each element the change of largest magnitude',
  paper: 'arXiv:2407.06322',
  deviations:
    "Weights wᵢ of the task vectors; of equal magnitudes the positive change, where the authors' code " +
    "takes the later model's.",
  checked: "FusionBench's own functions in float64, within 3e-7 of the largest value.",
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  create({ lambda = 1 }, field) {
    checkFinite(lambda, `${field}.lambda`);
    return {
      mergeTensor: ({ models }) => [
        { step: 'delta' },
        { step: 'weigh', weights: weightsOf(models) },
        { step: 'largest' },
        { step: 'scale', factor: lambda },
        { step: 'add_base' },
      ],
    };
  },
});
