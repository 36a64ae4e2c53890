import { pipeline } from '@eigenloom/contracts';
import type { PreparedTask } from '../data/prepare.js';
import type { DemoOptions } from '../options.js';
import { analyzeRequest, fileUri, fullRequest, initRequest, loraRequest, soupRequest } from './requests.js';
import { type LoraRun, loraRuns, STARTS, stepId } from './run-names.js';

type Step = pipeline.Step;
type StepRequest = NonNullable<Step['request']>;

const step = (id: string, request: StepRequest, after: readonly string[] = []): Step => ({
  id,
  after: [...after],
  request,
});

/** What the spectra are read from: one LoRA run of each start and the full fine-tuning, all of the first task. */
export function analysedModels(tasks: readonly PreparedTask[], options: DemoOptions): string[] {
  const [task] = tasks;
  const [seed = 1] = options.training.seeds;
  if (task === undefined) return [];
  return [...STARTS.map((start) => stepId.lora({ task: task.name, start, seed })), stepId.full(task.name)];
}

function initSteps(runs: readonly LoraRun[], tasks: readonly PreparedTask[], options: DemoOptions): Step[] {
  const steps = new Map<string, Step>();
  for (const run of runs) {
    const id = stepId.init(run);
    const task = tasks.find(({ name }) => name === run.task);
    if (task === undefined || steps.has(id)) continue;
    const value = initRequest(run, task, options.model, options.training);
    steps.set(id, step(id, { $case: 'init', value }));
  }
  return [...steps.values()];
}

function trainSteps(
  runs: readonly LoraRun[],
  tasks: readonly PreparedTask[],
  { model, training }: DemoOptions,
  after: readonly string[],
): Step[] {
  return tasks.flatMap((task) => [
    ...runs
      .filter((run) => run.task === task.name)
      .map((run) => {
        const init = stepId.init(run);
        const adapter = {
          uri: `step:${init}`,
          residual: run.start === 'pissa' ? `step:${init}/residual` : '',
        };
        const value = loraRequest(run, task, model, training, adapter);
        return step(stepId.lora(run), { $case: 'train', value }, after);
      }),
    step(stepId.full(task.name), { $case: 'train', value: fullRequest(task, model, training) }, after),
  ]);
}

/**
 * The whole demo but the merge of two tasks, as one pipeline: starts, trainings, soups, spectra. Trainings wait for all starts and the
 * rest for all trainings, so that the seconds of one kind of work are not mixed with another's.
 */
export function trainingPipeline(
  tasks: readonly PreparedTask[],
  options: DemoOptions,
): pipeline.RunPipelineRequest {
  const { model, training, out } = options;
  const runs = loraRuns(
    tasks.map(({ name }) => name),
    training.seeds,
  );
  const inits = initSteps(runs, tasks, options);
  const ids = (steps: readonly Step[]): string[] => steps.map(({ id }) => id);
  const trainings = trainSteps(runs, tasks, options, ids(inits));
  const [souped] = tasks;
  const soups =
    souped === undefined
      ? []
      : (['uniform', 'greedy'] as const).map((recipe) => {
          const members = runs
            .filter(({ task }) => task === souped.name)
            .map((run) => `step:${stepId.lora(run)}`);
          const value = soupRequest(recipe, souped, model, training, members);
          return step(stepId.soup(souped.name, recipe), { $case: 'merge', value }, ids(trainings));
        });
  const analyses = analysedModels(tasks, options).flatMap((id) => {
    const tuned = id.endsWith('-full') ? { model: `step:${id}` } : { adapter: `step:${id}` };
    return (['spectrum', 'intruders'] as const).map((study) =>
      step(
        stepId[study](id),
        { $case: 'analyze', value: analyzeRequest(study, tuned, model) },
        ids(trainings),
      ),
    );
  });
  return pipeline.RunPipelineRequest.fromPartial({
    steps: [...inits, ...trainings, ...soups, ...analyses],
    outputUri: fileUri(`${out}/runs`),
    seed: 1n,
  });
}
