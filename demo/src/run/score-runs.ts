import { join } from 'node:path';
import { internal } from '@eigenloom/errors';
import type { PreparedTask, TaskName } from '../data/prepare.js';
import type { DemoOptions } from '../options.js';
import { loraRuns, stepId } from '../plan/run-names.js';
import type { Soup, TrainedRun } from '../results.js';
import { type Candidate, testScore } from './evaluate.js';
import { responseOf, type StepOutcome } from './run-pipeline.js';
import type { Terminal } from './terminal.js';

/** What scoring needs. */
export interface ScoreContext {
  readonly steps: ReadonlyMap<string, StepOutcome>;
  readonly tasks: readonly PreparedTask[];
  readonly options: DemoOptions;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

export function taskOf({ tasks }: Pick<ScoreContext, 'tasks'>, name: TaskName): PreparedTask {
  const task = tasks.find((each) => each.name === name);
  if (task === undefined) throw internal('TASK_MISSING', `no task ${name}`);
  return task;
}

export const settingsOf = ({
  options,
  signal,
}: ScoreContext): { maxLength: number; signal: AbortSignal } => ({
  maxLength: options.training.maxLength,
  signal,
});

/** Every training with its score on the test split, which nothing before this has read. */
export async function scoreRuns(context: ScoreContext): Promise<TrainedRun[]> {
  const { tasks, options } = context;
  const names = tasks.map(({ name }) => name);
  const planned = [
    ...loraRuns(names, options.training.seeds).map(({ task, start, seed }) => ({
      id: stepId.lora({ task, start, seed }),
      task,
      method: start,
      seed,
    })),
    ...names.map((task) => ({ id: stepId.full(task), task, method: 'full' as const, seed: 1 })),
  ];
  const started = performance.now();
  const scored: TrainedRun[] = [];
  for (const run of planned) {
    const { terminal } = context;
    const fraction = scored.length / planned.length;
    const elapsed = (performance.now() - started) / 1000;
    const left = fraction === 0 ? undefined : (elapsed * (1 - fraction)) / fraction;
    terminal.progress('evaluation', fraction, run.id, left);
    scored.push(await scoreRun(run, context));
  }
  return scored;
}

async function scoreRun(
  run: Pick<TrainedRun, 'id' | 'task' | 'method' | 'seed'>,
  context: ScoreContext,
): Promise<TrainedRun> {
  const { steps, options } = context;
  const { losses, evaluations, steps: taken } = responseOf(steps, run.id, 'train');
  const last = evaluations.at(-1);
  const folder = join(options.out, 'runs', run.id);
  const candidate: Candidate =
    run.method === 'full'
      ? { model: folder, adapters: [], headFrom: undefined }
      : { model: options.model, adapters: [folder], headFrom: undefined };
  return {
    ...run,
    steps: taken,
    seconds: steps.get(run.id)?.seconds ?? NaN,
    losses,
    validation: { loss: last?.loss ?? NaN, accuracy: last?.accuracy ?? NaN },
    test: await testScore(candidate, taskOf(context, run.task), settingsOf(context)),
  };
}

/** The soups of the first task. */
export async function scoreSoups(context: ScoreContext): Promise<Soup[]> {
  const { tasks, options, steps } = context;
  const [task] = tasks;
  if (task === undefined) return [];
  const members = loraRuns([task.name], options.training.seeds).length;
  const soups: Soup[] = [];
  for (const recipe of ['uniform', 'greedy'] as const) {
    const id = stepId.soup(task.name, recipe);
    const { kept } = responseOf(steps, id, 'merge');
    const candidate = { model: join(options.out, 'runs', id), adapters: [], headFrom: undefined };
    soups.push({
      id,
      task: task.name,
      recipe,
      members,
      kept: recipe === 'uniform' ? members : kept.length,
      seconds: steps.get(id)?.seconds ?? NaN,
      test: await testScore(candidate, task, settingsOf(context)),
    });
  }
  return soups;
}
