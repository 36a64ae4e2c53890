import { checkFinite, checkWeightSum } from './check-number.js';
import { defineMergeMethod, weightsOf } from './method.js';
import { addTaskVectors } from './task-vectors.js';

/**
 * Task arithmetic: θ = θ₀ + λ·Σ wᵢτᵢ with task vectors τᵢ = θᵢ − θ₀. Ilharco et al. 2022, arXiv:2212.04089.
 * Deviations: a weight for each task vector, and on request the division by their sum, both as in mergekit; the paper has
 * wᵢ = 1. Negation is a negative weight.
 */
export const taskArithmetic = defineMergeMethod({
  case: 'taskArithmetic',
  id: 'task_arithmetic',
  summary: 'Adds weighted task vectors to the base',
  paper: 'arXiv:2212.04089',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  check({ lambda, normalize }, models) {
    checkFinite(lambda, 'task_arithmetic.lambda');
    if (normalize) checkWeightSum(weightsOf(models), 'models.weight');
  },
  mergeTensor: ({ models }, { lambda = 1, normalize }) => [
    { step: 'delta' },
    ...addTaskVectors(models, { signs: false, normalize, lambda }),
  ],
});
