import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { internal } from '@eigenloom/errors';
import type { JobsClient } from '@eigenloom/runtime';
import type { TaskName } from '../data/prepare.js';
import { CANDIDATES, mergeId, mergePipeline } from '../plan/merge-pipeline.js';
import type { Results, TaskMerge, TestScore, TrainedRun } from '../results.js';
import { writeEncoderAdapter } from './encoder-adapter.js';
import { type Candidate, testScore, validationAccuracy } from './evaluate.js';
import { runPipeline } from './run-pipeline.js';
import { type ScoreContext, settingsOf } from './score-runs.js';

/** The LoRA run of a task with the best validation accuracy, and the lower loss among equals. */
export function bestRun(runs: readonly TrainedRun[], task: TaskName): TrainedRun {
  const [best] = runs
    .filter((run) => run.task === task && run.method !== 'full')
    .sort((a, b) => b.validation.accuracy - a.validation.accuracy || a.validation.loss - b.validation.loss);
  if (best === undefined) throw internal('RUN_MISSING', `no run of ${task}`);
  return best;
}

const bestOf = (tried: readonly { readonly validation: number }[]): number =>
  Math.max(...tried.map(({ validation }) => validation));

/** Merges the best encoder of each task and tries every task's own head on the result. */
export async function mergeTasks(
  client: JobsClient,
  runs: readonly TrainedRun[],
  context: ScoreContext,
): Promise<Pick<Results, 'mergedEncoders' | 'merges' | 'untouched'>> {
  const { tasks, options, terminal } = context;
  const best = tasks.map(({ name }) => bestRun(runs, name));
  const heads = best.map(({ id }) => join(options.out, 'runs', id));
  const encoders = tasks.map(({ name }) => join(options.out, 'encoders', name));
  for (const [i, head] of heads.entries()) await writeEncoderAdapter(head, encoders[i] ?? '');
  const request = mergePipeline(encoders, options.model, options.out);
  const steps = await runPipeline(client, request, 'merges', () => 1, terminal);
  const onTask = (model: string, i: number): Candidate => ({ model, adapters: [], headFrom: heads[i] });
  const tried: { merge: (typeof CANDIDATES)[number]; id: string; folder: string; validation: number }[] = [];
  for (const merge of CANDIDATES) {
    const id = mergeId(merge);
    const folder = join(options.out, 'merges', id);
    let sum = 0;
    for (const [i, task] of tasks.entries())
      sum += await validationAccuracy(onTask(folder, i), task, settingsOf(context));
    tried.push({ merge, id, folder, validation: sum / tasks.length });
    terminal.line(`merges: ${id} mean validation accuracy ${(sum / tasks.length).toFixed(3)}`);
  }
  const score = async (folder: string): Promise<Partial<Record<TaskName, TestScore>>> => {
    const scores: Partial<Record<TaskName, TestScore>> = {};
    for (const [i, task] of tasks.entries())
      scores[task.name] = await testScore(onTask(folder, i), task, settingsOf(context));
    return scores;
  };
  const merges: TaskMerge[] = [];
  for (const { merge, id, folder, validation } of tried) {
    const rivals = tried.filter((other) => other.merge.method === merge.method);
    const chosen = rivals.find((rival) => rival.validation === bestOf(rivals))?.id === id;
    const seconds = steps.get(id)?.seconds ?? NaN;
    merges.push({ id, ...merge, seconds, validation, chosen, test: chosen ? await score(folder) : {} });
    if (!chosen) await rm(folder, { recursive: true });
  }
  return { mergedEncoders: best.map(({ id }) => id), merges, untouched: await score(options.model) };
}
