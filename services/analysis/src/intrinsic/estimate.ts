import type { common } from '@eigenloom/contracts';
import type { TaskSize } from './open-task.js';
import { triesOf } from './search.js';
import type { Setting } from './setting.js';

/** Multiplications a second of a training step on two cores, measured on MiniLM. */
const RATE = 2.5e10;
/** Seconds for each weight and step that a projection and its transpose, copies and sums take, measured on MiniLM. */
const SECONDS_PER_WEIGHT = 3e-8;
const REPORT_BYTES = 50_000n;

/** Time of the runs that bisection makes at most; memory of the weights, their start, their gradient, and what moves them. */
export function estimateOf(setting: Setting, { parameters, held, costOfOne }: TaskSize): common.Estimate {
  const { steps, batchSize, dimensions, fullScore, projection } = setting;
  const tries = triesOf(dimensions.length);
  const runs = tries + (fullScore === undefined ? 1 : 0);
  const ofStep = (3 * costOfOne * batchSize) / RATE;
  const largest = dimensions.at(-1) ?? 1;
  const matrix = {
    fastfood: 2 * parameters,
    sparse: 2 * largest * Math.sqrt(parameters),
    dense: largest * parameters,
  };
  return {
    durationSeconds: steps * (runs * ofStep + tries * parameters * SECONDS_PER_WEIGHT),
    memoryBytes: BigInt(Math.round(4 * (6 * parameters + matrix[projection] + held))),
    diskBytes: REPORT_BYTES,
    readBytes: BigInt(4 * (parameters + held)),
    notes: [],
  };
}
