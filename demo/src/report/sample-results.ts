import type { TaskName } from '../data/prepare.js';
import { parseOptions } from '../options.js';
import { STARTS } from '../plan/run-names.js';
import type { Results, TestScore, TrainedRun } from '../results.js';
import { wilson } from '../statistics/intervals.js';

/** Differences that the tests of the report put between the starts, by seed. */
export interface Shift {
  readonly eva?: readonly number[];
  readonly lossOfEva?: readonly number[];
}

function score(accuracy: number): TestScore {
  const right = Math.round(accuracy * 400);
  const interval = wilson(right, 400);
  return { right, total: 400, accuracy, loss: 0.5, wilson: interval, byGroup: interval };
}

function run(task: TaskName, method: TrainedRun['method'], seed: number, shift: Shift): TrainedRun {
  const gain = method === 'eva' ? (shift.eva?.[seed - 1] ?? 0) : 0;
  const loss = method === 'eva' ? (shift.lossOfEva?.[seed - 1] ?? 0) : 0;
  // PiSSA differs from default by nothing on average.
  const wobble = method === 'pissa' ? ((seed % 3) - 1) * 0.01 : 0;
  const test = score(0.8 + 0.005 * seed + gain + wobble);
  return {
    id: method === 'full' ? `train-${task}-full` : `train-${task}-${method}-s${seed}`,
    task,
    method,
    seed,
    steps: 12,
    seconds: 14,
    losses: Array.from({ length: 12 }, (_, i) => 0.7 - 0.02 * i + 0.01 * seed + loss + wobble),
    validation: { loss: 0.5, accuracy: 0.8 },
    test,
  };
}

const card = (examples: number): Results['tasks'][0]['splits']['train'] => ({
  examples,
  groups: 20,
  classes: { a: examples / 2, b: examples / 2 },
});

/** Results of the shape of a run, for tests of what the report says of them. */
export function sampleResults(shift: Shift = {}): Results {
  const seeds = shift.eva?.map((_, i) => i + 1) ?? [1, 2, 3];
  const tasks: TaskName[] = ['period', 'spam'];
  const values = Array.from({ length: 12 }, (_, i) => (i < 8 ? 1 / (i + 1) : 1e-12));
  return {
    startedAt: '2026-01-01T00:00:00.000Z',
    machine: { cpu: 'sample <cpu>', cores: 2, node: 'v20' },
    options: parseOptions([], '/sample'),
    seconds: { data: 10, pipeline: 200, evaluation: 50, 'task merges': 20 },
    tasks: tasks.map((name) => ({
      name,
      title: `Title of ${name}`,
      source: 'sample',
      measures: 'Sample & more.',
      labels: ['a', 'b'],
      files: { train: '', validation: '', test: '' },
      splits: { train: card(1200), validation: card(200), test: card(400) },
      removed: { 'near-duplicates': 3 },
      majorityBaseline: 0.5,
    })),
    runs: tasks.flatMap((task) => [
      ...STARTS.flatMap((start) => seeds.map((seed) => run(task, start, seed, shift))),
      run(task, 'full', 1, shift),
    ]),
    soups: (['uniform', 'greedy'] as const).map((recipe) => ({
      id: `soup-period-${recipe}`,
      task: 'period' as const,
      recipe,
      members: 9,
      kept: recipe === 'uniform' ? 9 : 3,
      seconds: 2,
      test: score(0.82),
    })),
    mergedEncoders: ['train-period-eva-s1', 'train-spam-eva-s1'],
    merges: (['task_arithmetic', 'ties'] as const).map((method) => ({
      id: `merge-${method}-1`,
      method,
      lambda: 1,
      seconds: 2,
      validation: 0.8,
      chosen: true,
      test: { period: score(0.79), spam: score(0.81) },
    })),
    untouched: { period: score(0.6), spam: score(0.7) },
    readings: ['default-s1', 'pissa-s1', 'eva-s1', 'full'].map((method) => ({
      id: `train-period-${method}`,
      tensors: [0, 1, 2, 3, 4, 5].flatMap((layer) =>
        ['query', 'value'].map((module) => ({
          // As the analysis names tensors: without `.weight`.
          tensor: `encoder.layer.${layer}.attention.self.${module}`,
          deltaSingularValues: values,
          maxCosine: Array.from({ length: 10 }, (_, i) => (i === 3 ? 0.2 : 0.95)),
          intruders: 1,
          deltaStableRank: 2,
        })),
      ),
    })),
    artifacts: [{ folder: 'runs/train-period-full', digest: 'ab'.repeat(32) }],
  };
}
