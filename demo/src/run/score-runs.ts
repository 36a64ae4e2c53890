import { join } from 'node:path';
import { internal } from '@eigenloom/errors';
import { type Report, readReport } from '@eigenloom/report';
import type { PreparedTask, TaskName } from '../data/prepare.js';
import type { DemoOptions } from '../options.js';
import { loraRuns, stepId } from '../plan/run-names.js';
import type { Soup, TrainedRun } from '../results.js';
import { type Candidate, testScore } from './evaluate.js';
import { responseOf, type StepOutcome } from './run-pipeline.js';
import { type Row, rowsOf } from './tables.js';
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
  const { steps: taken } = responseOf(steps, run.id, 'train');
  const folder = join(options.out, 'runs', run.id);
  const report = await readReport(folder);
  const last = (rowsOf(report, 'evaluations') as readonly Evaluation[]).at(-1);
  const candidate: Candidate =
    run.method === 'full'
      ? { model: folder, adapters: [], headFrom: undefined }
      : { model: options.model, adapters: [folder], headFrom: undefined };
  return {
    ...run,
    steps: taken,
    seconds: steps.get(run.id)?.seconds ?? NaN,
    losses: lossesOf(report),
    validation: { loss: last?.loss ?? NaN, accuracy: last?.accuracy ?? NaN },
    test: await testScore(candidate, taskOf(context, run.task), settingsOf(context)),
  };
}

interface Evaluation extends Row {
  readonly loss: number;
  readonly accuracy: number;
}

/** Loss of every step. */
function lossesOf({ charts }: Report): number[] {
  const series = charts.flatMap((chart) => chart.series).find(({ name }) => name === 'training');
  return (series?.y ?? []).map((loss) => loss ?? NaN);
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
    const { metrics } = responseOf(steps, id, 'merge');
    const candidate = { model: join(options.out, 'runs', id), adapters: [], headFrom: undefined };
    soups.push({
      id,
      task: task.name,
      recipe,
      members,
      kept: recipe === 'uniform' ? members : (metrics['kept_models'] ?? NaN),
      seconds: steps.get(id)?.seconds ?? NaN,
      test: await testScore(candidate, task, settingsOf(context)),
    });
  }
  return soups;
}
