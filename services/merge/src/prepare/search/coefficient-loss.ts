import { tf } from '@eigenloom/engine';
import { backward, finiteLoss } from '@eigenloom/training';

import type { Coefficients, MergedParameters } from './merged-parameters.js';
import { crossEntropy, entropy, type TaskNetwork } from './task-network.js';

export type ObjectiveName = 'cross_entropy' | 'entropy';
const OBJECTIVES = { cross_entropy: crossEntropy, entropy };

export interface LossGradient {
  /** Σ sign · loss over the tasks. */
  readonly loss: number;
  /** [tensors, models]. */
  readonly coefficients: Coefficients;
  readonly logitScale: number;
}

/**
 * The signed sum of the losses of the tasks on their batches and its gradient with respect to the coefficients that the parameters are
 * set to, and to the factor of the scores. One task at a time and one tensor at a time, so that only one gradient of a tensor exists.
 */
export async function lossGradient(
  merged: MergedParameters,
  tasks: readonly TaskNetwork[],
  batches: readonly Int32Array[],
  objective: ObjectiveName,
  logitScale: number,
): Promise<LossGradient> {
  const coefficients = new Float64Array(merged.names.length * merged.models);
  const scale = tf.variable(tf.scalar(logitScale), true);
  let [loss, scaleGradient] = [0, 0];
  try {
    for (const [i, task] of tasks.entries()) {
      const indices = batches[i] ?? new Int32Array();
      const { sign } = task.task;
      let own = NaN;
      const value = await backward(
        () => OBJECTIVES[objective](tf.mul<tf.Tensor2D>(task.logits(indices), scale), task.labels(indices)),
        [...merged.variables, scale],
        async (variable, gradient) => {
          try {
            if (variable === scale) scaleGradient += sign * ((await gradient.data())[0] ?? 0);
            else await merged.reduce(variable, gradient, sign, coefficients);
          } finally {
            gradient.dispose();
          }
        },
        async (found) => {
          own = await finiteLoss(found, 'a search', 'a smaller learning_rate may help');
        },
      );
      value.dispose();
      loss += sign * own;
    }
  } finally {
    scale.dispose();
  }
  return { loss, coefficients, logitScale: scaleGradient };
}
