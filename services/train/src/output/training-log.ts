import type { TrainedState as RunState } from '../loop/messages.js';
import { validationMetrics } from './validation-metrics.js';

/** One JSON object a line: every step and every evaluation, in order. No times, so that equal runs have equal logs. */
export function trainingLog(state: RunState): string {
  const evaluations = new Map(state.evaluations.map((evaluation) => [evaluation.step, evaluation]));
  const lines = state.steps.flatMap((record) => {
    const { step, epoch, loss, losses, learningRate, gradientNorm, tokens } = record;
    const parts = losses === undefined ? {} : { losses };
    const rest = { learning_rate: learningRate, gradient_norm: gradientNorm, tokens };
    const taken = { step, epoch, loss, ...parts, ...rest };
    const evaluation = evaluations.get(step);
    if (evaluation === undefined) return [taken];
    return [taken, { step, ...validationMetrics(evaluation) }];
  });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
