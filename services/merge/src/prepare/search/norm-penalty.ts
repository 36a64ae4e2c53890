import type { Coefficients } from './merged-parameters.js';

/** γ of the penalty in the authors' program of aTLAS (fredzzhang/atlas, learn_task_addition.py). */
const STRENGTH = 0.5;

/**
 * Adds the gradient of ½ · mean over tensors of ‖λ‖ₚ over the models to `gradient`; both are [tensors, models]. At 0, where the norm has a
 * corner, the gradient counts as 0.
 */
export function addNormPenalty(
  coefficients: Coefficients,
  models: number,
  p: number,
  gradient: Coefficients,
): void {
  const tensors = coefficients.length / models;
  for (let start = 0; start < coefficients.length; start += models) {
    const row = coefficients.subarray(start, start + models);
    const norm = row.reduce((sum, value) => sum + Math.abs(value) ** p, 0) ** (1 / p);
    if (norm === 0) continue;
    for (const [model, value] of row.entries()) {
      const slope = Math.sign(value) * (Math.abs(value) / norm) ** (p - 1);
      gradient[start + model] =
        (gradient[start + model] ?? 0) + (STRENGTH / tensors) * (value === 0 ? 0 : slope);
    }
  }
}
