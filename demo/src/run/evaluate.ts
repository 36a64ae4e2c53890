import { join } from 'node:path';
import { runOnEngine } from '@eigenloom/engine';
import type { PreparedTask } from '../data/prepare.js';
import type { TestScore } from '../results.js';
import { groupBootstrap, wilson } from '../statistics/intervals.js';
import type { EvaluationInput, EvaluationOutput } from './evaluate-module.js';

const MODULE = join(__dirname, 'evaluate-module.js');

/** What is tried: a model folder, with adapters over it or a head from elsewhere. */
export type Candidate = Pick<EvaluationInput, 'model' | 'adapters' | 'headFrom'>;

interface Settings {
  readonly maxLength: number;
  readonly signal: AbortSignal;
}

function evaluateOn(
  candidate: Candidate,
  task: Pick<PreparedTask, 'labels'>,
  data: string,
  { maxLength, signal }: Settings,
): Promise<EvaluationOutput> {
  const input = { ...candidate, data, labels: task.labels, maxLength };
  return runOnEngine<EvaluationInput, EvaluationOutput>(MODULE, input, { signal });
}

/** Score on the test split with its intervals. */
export async function testScore(
  candidate: Candidate,
  task: Pick<PreparedTask, 'labels' | 'files' | 'test'>,
  settings: Settings,
): Promise<TestScore> {
  const { loss, accuracy, predictions } = await evaluateOn(candidate, task, task.files.test, settings);
  const outcomes = task.test.map(({ group, label }, i) => ({ group, right: predictions[i] === label }));
  const right = outcomes.filter((outcome) => outcome.right).length;
  const total = outcomes.length;
  return { right, total, accuracy, loss, wilson: wilson(right, total), byGroup: groupBootstrap(outcomes) };
}

export async function validationAccuracy(
  candidate: Candidate,
  task: Pick<PreparedTask, 'labels' | 'files'>,
  settings: Settings,
): Promise<number> {
  return (await evaluateOn(candidate, task, task.files.validation, settings)).accuracy;
}
