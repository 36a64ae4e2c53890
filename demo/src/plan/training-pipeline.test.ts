import type { pipeline } from '@eigenloom/contracts';
import type { PreparedTask, TaskName } from '../data/prepare.js';
import { parseOptions } from '../options.js';
import { sampleResults } from '../report/sample-results.js';
import { mergePipeline } from './merge-pipeline.js';
import { loraRuns, STARTS, stepId } from './run-names.js';
import { trainingPipeline } from './training-pipeline.js';

const options = parseOptions([], '/sample');
const tasks: PreparedTask[] = sampleResults().tasks.map((task) => ({
  ...task,
  files: {
    train: `/d/${task.name}/train`,
    validation: `/d/${task.name}/validation`,
    test: `/d/${task.name}/test`,
  },
  test: [],
}));
const request = trainingPipeline(tasks, options);
const text = (step: pipeline.Step): string =>
  JSON.stringify(step.request, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
const stepOf = (id: string): pipeline.Step => request.steps.find((step) => step.id === id)!;

describe('trainingPipeline', () => {
  it('names only steps that it has, and never the test split', () => {
    const ids = new Set(request.steps.map(({ id }) => id));
    expect(ids.size).toBe(request.steps.length);
    for (const step of request.steps) {
      for (const [, id = ''] of text(step).matchAll(/step:([\w-]+)/g)) expect(ids).toContain(id);
      for (const id of step.after) expect(ids).toContain(id);
      expect(text(step)).not.toContain('/test');
    }
  });

  it('trains the starts alike: the same request but for the adapter and its residual', () => {
    const bare = (task: TaskName, start: (typeof STARTS)[number], seed: number): string =>
      text(stepOf(stepId.lora({ task, start, seed }))).replace(
        /"(?:uri|residualUri)":"step:[^"]*"|"residualUri":""/g,
        '',
      );
    for (const task of ['period', 'spam'] as const)
      for (const seed of options.training.seeds)
        for (const start of STARTS) expect(bare(task, start, seed)).toBe(bare(task, 'default', seed));
    expect(bare('spam', 'default', 1)).not.toBe(bare('spam', 'default', 2));
  });

  it('starts each default run from its own adapter, and PiSSA runs over their residual', () => {
    const train = (start: 'default' | 'pissa', seed: number): string =>
      text(stepOf(stepId.lora({ task: 'spam', start, seed })));
    expect(train('default', 1)).toContain('"step:init-default-s1"');
    expect(train('default', 2)).toContain('"step:init-default-s2"');
    expect(train('pissa', 2)).toContain('"residualUri":"step:init-pissa/residual"');
    expect(train('default', 2)).toContain('"residualUri":""');
  });

  it('makes soups of all runs of one task', () => {
    const members = [...text(stepOf('soup-period-greedy')).matchAll(/step:([\w-]+)/g)].map(([, id]) => id);
    expect(members).toEqual(loraRuns(['period'], options.training.seeds).map((run) => stepId.lora(run)));
    expect(members).toHaveLength(9);
  });
});

describe('mergePipeline', () => {
  it('merges over the base', () => {
    const { steps } = mergePipeline(['/e/period', '/e/spam'], '/m', '/o');
    for (const step of steps) {
      expect(text(step)).toContain('"base":{"uri":"file:/m"');
      expect(text(step)).toContain('file:/e/spam');
    }
    expect(steps).toHaveLength(4);
  });
});
