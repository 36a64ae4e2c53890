import type { TaskName } from '../data/prepare.js';
import type { Results, TestScore, TrainedRun } from '../results.js';
import { type Interval, wilson } from '../statistics/intervals.js';

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Standard deviation with n − 1; NaN for one value. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** Runs of one method on one task, in order of seed. */
export const runsOf = (results: Results, task: TaskName, method: string): TrainedRun[] =>
  results.runs.filter((run) => run.task === task && run.method === method).sort((a, b) => a.seed - b.seed);

/** Wilson's interval at the mean accuracy of the seeds. All seeds answer the same examples, so n is the size of the test split. */
export function meanInterval(
  runs: readonly { readonly test: Pick<TestScore, 'right' | 'total'> }[],
): Interval {
  return wilson(mean(runs.map(({ test }) => test.right)), runs[0]?.test.total ?? 1);
}
