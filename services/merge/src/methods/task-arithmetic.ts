import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite, checkWeightSum } from '../steps/check-number.js';
import { weightsOf } from '../steps/method-facts.js';
import { addTaskVectors } from '../steps/task-vectors.js';

/** Task arithmetic: θ = θ₀ + λ·Σ wᵢτᵢ with task vectors τᵢ = θᵢ − θ₀. Ilharco et al. 2022, arXiv:2212.04089. */
export const taskArithmetic = modelMethod<merge.TaskArithmetic>({
  summary: 'Adds weighted task vectors to the base',
  paper: 'arXiv:2212.04089',
  deviations:
    'A weight for each task vector, and on request the division by their sum, both as in mergekit; the ' +
    'paper has wᵢ = 1. Negation is a negative weight.',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  create({ lambda = 1, normalize }, field) {
    checkFinite(lambda, `${field}.lambda`);
    return {
      check(models) {
        if (normalize) checkWeightSum(weightsOf(models), 'models.weight');
      },
      mergeTensor: ({ models }) => [
        { step: 'delta' },
        ...addTaskVectors(models, { signs: false, normalize, lambda }),
      ],
    };
  },
});
