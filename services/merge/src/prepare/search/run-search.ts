import { join } from 'node:path';
import { sortedJson } from '@eigenloom/checkpoint';
import { runOnEngine } from '@eigenloom/engine';
import type { JobContext } from '@eigenloom/runtime';

import type { MergePlan } from '../../plan/planned.js';
import type { Preparation } from '../../plan/preparation.js';
import type { Learned } from './learn.js';
import type { LearnSettings } from './learn-settings.js';
import { scoresReport } from './scores-report.js';
import type { SearchInput } from './search-input.js';
import type { LearnTask } from './search-worker.js';
import type { TaskScore } from './task-network.js';

const WORKER = join(__dirname, 'search-worker.js');
export const COEFFICIENTS_FILE = 'coefficients.json';

/** Learns coefficients in a worker thread and makes them the weights of a merge. */
export async function runSearch(
  plan: MergePlan,
  input: SearchInput,
  settings: LearnSettings,
  context: JobContext,
): Promise<Preparation> {
  const learned = await runOnEngine<LearnTask, Learned>(
    WORKER,
    { input, settings },
    {
      signal: context.signal,
      onProgress: ({ fraction, ...update }) => {
        context.progress({ ...update, ...(fraction === undefined ? {} : { fraction: 0.5 * fraction }) });
      },
    },
  );
  const weights = weightsOf(plan, learned);
  return {
    weights,
    // Nothing better than the reference may have been found.
    mayChangeNothing: true,
    files: new Map([[COEFFICIENTS_FILE, coefficientsFile(learned, plan, weights)]]),
    lines: [cardLine(learned, input)],
    ...scoresReport(
      input.tasks.map(({ model }) => model),
      learned,
    ),
  };
}

/** Weights of the models for every tensor of the result. */
export function weightsOf(plan: MergePlan, learned: Learned): Map<string, number[]> {
  const { names, coefficients, others } = learned;
  const models = others.length;
  const own = new Map(names.map((name, row) => [name, coefficients.slice(row * models, (row + 1) * models)]));
  return new Map(plan.tensors.map(({ name }) => [name, [...(own.get(name) ?? others)]]));
}

function coefficientsFile(
  { logitScale, steps }: Learned,
  plan: MergePlan,
  weights: ReadonlyMap<string, readonly number[]>,
): string {
  const tensors = Object.fromEntries(weights);
  return sortedJson({ method: plan.method.id, logit_scale: logitScale, steps, tensors });
}

function cardLine({ steps, before, after }: Learned, { tasks }: SearchInput): string {
  const shown = (score: TaskScore | undefined): string =>
    score?.accuracy === undefined
      ? `loss ${(score?.loss ?? NaN).toFixed(4)}`
      : `${(100 * score.accuracy).toFixed(2)} %`;
  const changes = tasks.map(
    ({ model }, i) => `model ${model}: ${shown(before[i])} before, ${shown(after[i])} after`,
  );
  return `Coefficients of ${steps} steps are in \`${COEFFICIENTS_FILE}\`. On the examples of the search, by the model whose task it is: ${changes.join('; ')}.`;
}
