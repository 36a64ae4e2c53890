import type { Claim } from './claim.js';
import type { Lab } from './lab.js';
import { startedPairs } from './pairs.js';
import { encoder, maxLength, mean, percent, realTasks, type Task, accuracyOf } from './tasks.js';

const LAMBDAS = [0.25, 0.5, 0.75, 1];

type Merged = {
  readonly seed: number;
  readonly lambda: number;
  readonly alone: number;
  readonly task_arithmetic: number;
  readonly atlas: number;
};

/** A task with the adapter that was trained on it. */
interface Tuned {
  readonly task: Task;
  readonly folder: string;
}

/** aTLAS. Zhang et al. 2024, arXiv:2407.02880. */
export const atlas: Claim = {
  row: 45,
  methods: ['atlas', 'task_arithmetic'],
  statement:
    'Task vectors that are scaled by a learned coefficient for each tensor add up to a better model of several tasks than task vectors that are scaled by one number.',
  criterion: `mean over 3 seeds and both tasks: the test accuracy of aTLAS, learned for addition on the validation splits, is above that of task arithmetic with the best λ of ${LAMBDAS.join(', ')} on the same splits.`,
  missing: 'negation, few shots and test time.',
  async run(lab) {
    const tasks = await realTasks(lab);
    const rows: Merged[] = [];
    for (const seed of lab.seeds(3)) rows.push(await merged(lab, tasks, seed));
    const of = (column: 'alone' | 'task_arithmetic' | 'atlas'): number =>
      mean(rows.map((row) => row[column]));
    return {
      held: of('atlas') > of('task_arithmetic'),
      measured: `mean test accuracy of the two tasks: each adapter on its own task ${percent(of('alone'))}, task arithmetic ${percent(of('task_arithmetic'))}, aTLAS ${percent(of('atlas'))}`,
      tables: [
        {
          id: 'merges',
          title: 'Mean test accuracy of two tasks, by seed',
          columns: Object.keys(rows[0] ?? {}).map((name) => ({ name })),
          rows,
        },
      ],
    };
  },
};

async function merged(lab: Lab, tasks: readonly Task[], seed: number): Promise<Merged> {
  const start = await startedPairs(lab, seed);
  const tuned: Tuned[] = [];
  for (const task of tasks) {
    lab.say(`seed ${seed}: ${task.name}`);
    const { folder } = await lab.run('train', {
      ...{ model: { uri: await encoder(lab) }, seed: String(seed), adapter: { uri: start } },
      ...{ trainData: { uri: task.files.train }, sequenceClassification: {} },
      optimizer: { learningRate: 1e-3 },
      batching: { batchSize: lab.pick(16, 4), maxLength: maxLength(lab) },
      maxSteps: lab.pick(150, 1),
    });
    tuned.push({ task, folder });
  }
  lab.say(`seed ${seed}: merges`);
  const tried = [];
  for (const lambda of lab.pick(LAMBDAS, [1])) {
    const folder = await merge(lab, tuned, { taskArithmetic: { lambda } });
    tried.push({ lambda, folder, validation: await score(lab, folder, tuned, 'validation') });
  }
  const best = tried.reduce((first, next) => (next.validation > first.validation ? next : first));
  const learned = await merge(lab, tuned, {
    atlas: {
      batching: { batchSize: lab.pick(16, 4), maxLength: maxLength(lab) },
      budget: { learningRate: 0.02, epochs: lab.pick(6, 1) },
    },
  });
  const alone = [];
  for (const { task, folder } of tuned)
    alone.push(
      await accuracyOf(lab, { model: await encoder(lab), adapters: [folder], headFrom: undefined }, task),
    );
  return {
    seed,
    lambda: best.lambda,
    alone: mean(alone),
    task_arithmetic: await score(lab, best.folder, tuned, 'test'),
    atlas: await score(lab, learned, tuned, 'test'),
  };
}

async function merge(lab: Lab, tuned: readonly Tuned[], method: object): Promise<string> {
  const base = { uri: await encoder(lab) };
  const isLearned = 'atlas' in method;
  const models = tuned.map(({ task, folder }) => ({
    model: { ...base, adapters: [folder] },
    ...(isLearned ? { data: { uri: task.files.validation } } : {}),
  }));
  return (await lab.run('merge', { base, models, ...method, allowUnchanged: true })).folder;
}

/** Mean accuracy over the tasks, each with the head of its own adapter. */
async function score(
  lab: Lab,
  model: string,
  tuned: readonly Tuned[],
  split: 'validation' | 'test',
): Promise<number> {
  const scores = [];
  for (const { task, folder } of tuned)
    scores.push(await accuracyOf(lab, { model, adapters: [], headFrom: folder }, task, split));
  return mean(scores);
}
