import type { Claim } from './claim.js';
import type { Lab } from './lab.js';
import { startedPairs } from './pairs.js';
import { encoder, maxLength, mean, percent, realTasks, type Task, accuracyOf } from './tasks.js';

/** The share of the first task's adapter that is kept when the second is accumulated. */
const DECAY = 0.5;

type Learned = {
  readonly seed: number;
  readonly first_before: number;
  readonly first_online: number;
  readonly second_online: number;
  readonly first_offline: number;
  readonly second_offline: number;
};

/** LAE. Gao et al. 2023, arXiv:2303.10070. */
export const lae: Claim = {
  row: 70,
  methods: ['adapter_ema', 'adapter'],
  statement:
    'When tasks come one after the other, an adapter that accumulates the trained ones forgets less than the adapter that is trained on.',
  criterion: `mean over 3 seeds of two tasks with one head for the classes of both, in order: after the second task, the accumulated adapter (decay ${DECAY}) has the higher mean test accuracy over both tasks.`,
  missing:
    'the ensemble of both at inference, other kinds of adapters, more than two tasks, and losses over the classes of the current task alone: with one softmax over all classes, as here, the second task unlearns the rows of the first in either adapter.',
  async run(lab) {
    const tasks = await realTasks(lab);
    const rows: Learned[] = [];
    for (const seed of lab.seeds(3)) rows.push(await learned(lab, tasks, seed));
    const of = (...columns: (keyof Learned)[]): number =>
      mean(rows.flatMap((row) => columns.map((column) => row[column])));
    const [online, offline] = [of('first_online', 'second_online'), of('first_offline', 'second_offline')];
    return {
      held: offline > online,
      measured: `mean test accuracy of both tasks: trained on ${percent(online)}, accumulated ${percent(offline)}; first task: ${percent(of('first_before'))} before the second, then ${percent(of('first_online'))} and ${percent(of('first_offline'))}`,
      tables: [
        {
          id: 'tasks',
          title: 'Test accuracy among the classes of both tasks, by seed',
          columns: Object.keys(rows[0] ?? {}).map((name) => ({ name })),
          rows,
        },
      ],
    };
  },
};

async function learned(lab: Lab, tasks: readonly [Task, Task], seed: number): Promise<Learned> {
  const labels = tasks.flatMap((task) => task.labels);
  const trained = async (adapter: string, task: Task): Promise<string> => {
    lab.say(`seed ${seed}: ${task.name}`);
    const { folder } = await lab.run('train', {
      ...{ model: { uri: await encoder(lab) }, seed: String(seed), adapter: { uri: adapter } },
      ...{ trainData: { uri: task.files.train }, sequenceClassification: { labels } },
      optimizer: { learningRate: 1e-3 },
      batching: { batchSize: lab.pick(16, 4), maxLength: maxLength(lab) },
      maxSteps: lab.pick(100, 1),
    });
    return folder;
  };
  const score = async (adapter: string, task: Task): Promise<number> =>
    accuracyOf(lab, { model: await encoder(lab), adapters: [adapter], headFrom: undefined }, task);
  const first = await trained(await startedPairs(lab, seed), tasks[0]);
  const online = await trained(first, tasks[1]);
  const { folder: offline } = await lab.run('merge', {
    models: [first, online].map((uri) => ({ model: { uri } })),
    adapterEma: { decay: DECAY },
  });
  return {
    seed,
    first_before: await score(first, tasks[0]),
    first_online: await score(online, tasks[0]),
    second_online: await score(online, tasks[1]),
    first_offline: await score(offline, tasks[0]),
    second_offline: await score(offline, tasks[1]),
  };
}
