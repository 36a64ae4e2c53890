import { writeEncoderAdapter } from '@eigenloom/demo/dist/run/encoder-adapter.js';
import { stateOfTheUnion } from '@eigenloom/demo/dist/data/state-of-the-union.js';
import type { Claim } from './claim.js';
import type { Lab } from './lab.js';
import { startedPairs } from './pairs.js';
import { accuracyOf, encoder, maxLength, mean, percent, type Task, tinyTask, writeTask } from './tasks.js';

/** Who speaks? The last pair is the new task, of which few examples are known. */
const PAIRS = [
  ['Woodrow Wilson', 'Harry S Truman'],
  ['Dwight D Eisenhower', 'Ronald Reagan'],
  ['William J Clinton', 'Lyndon B Johnson'],
  ['Franklin D Roosevelt', 'Barack Obama'],
] as const;
const SHOTS = 16;

type Started = { readonly seed: number; readonly averaged: number; readonly new_adapter: number };

/** Multi-head adapter routing. Caccia et al. 2023, arXiv:2211.03831. */
export const routing: Claim = {
  row: 67,
  methods: ['adapter_average', 'adapter'],
  statement:
    'The mean of adapters that were trained on several tasks is a better start for a new task of few examples than a new adapter (MHR-μ).',
  criterion: `mean over 3 seeds: with ${SHOTS} examples a class of a fourth task and equal steps, the test accuracy from the mean of the adapters of three tasks is above that from a new adapter.`,
  missing:
    'Poly, MHR and MHR-z, which train a router; the adapters of the mean are trained apart instead of through one.',
  async run(lab) {
    const tasks = await pairTasks(lab);
    const rows: Started[] = [];
    for (const seed of lab.seeds(3)) rows.push(await started(lab, tasks, seed));
    const of = (column: 'averaged' | 'new_adapter'): number => mean(rows.map((row) => row[column]));
    return {
      held: of('averaged') > of('new_adapter'),
      measured: `test accuracy on the new task: from the mean of three adapters ${percent(of('averaged'))}, from a new one ${percent(of('new_adapter'))}`,
      tables: [
        {
          id: 'starts',
          title: 'Test accuracy by seed',
          columns: ['seed', 'averaged', 'new_adapter'].map((name) => ({ name })),
          rows,
        },
      ],
    };
  },
};

async function started(lab: Lab, tasks: readonly Task[], seed: number): Promise<Started> {
  const fresh = await startedPairs(lab, seed);
  const trained = async (adapter: string, task: Task, maxSteps: number): Promise<string> => {
    const { folder } = await lab.run('train', {
      ...{ model: { uri: await encoder(lab) }, seed: String(seed), adapter: { uri: adapter }, maxSteps },
      ...{ trainData: { uri: task.files.train }, sequenceClassification: {} },
      optimizer: { learningRate: 1e-3 },
      batching: { batchSize: lab.pick(16, 4), maxLength: maxLength(lab) },
    });
    return folder;
  };
  const members: string[] = [];
  for (const task of tasks.slice(0, -1)) {
    lab.say(`seed ${seed}: ${task.name}`);
    const member = lab.path(`member-${seed}-${members.length}`);
    await writeEncoderAdapter(await trained(fresh, task, lab.pick(80, 1)), member);
    members.push(member);
  }
  const { folder: averaged } = await lab.run('merge', {
    models: members.map((uri) => ({ model: { uri } })),
    adapterAverage: {},
  });
  const last = tasks.at(-1);
  if (last === undefined) throw new Error('there is no new task');
  const score = async (adapter: string): Promise<number> => {
    const folder = await trained(adapter, last, lab.pick(30, 1));
    return accuracyOf(lab, { model: await encoder(lab), adapters: [folder], headFrom: undefined }, last);
  };
  lab.say(`seed ${seed}: the new task`);
  return { seed, averaged: await score(averaged), new_adapter: await score(fresh) };
}

/** Passages of two presidents each; the speeches of the training split are not those of the test split. */
async function pairTasks(lab: Lab): Promise<Task[]> {
  if (lab.size === 'tiny') return Promise.all([3, 5, 7].map((step) => tinyTask(lab, `pair-${step}`, step)));
  const { examples } = await stateOfTheUnion('period', 'president');
  const tasks: Task[] = [];
  for (const [i, pair] of PAIRS.entries()) {
    const isLast = i === PAIRS.length - 1;
    const of = (name: string) => {
      const own = examples
        .filter(({ group }) => group === name)
        .map((example) => ({ ...example, label: name, group: example.id.split('/')[0] ?? '' }));
      const speeches = [...new Set(own.map(({ group }) => group))];
      const tested = new Set(speeches.filter((_, position) => position % 3 === 2));
      return {
        train: own.filter(({ group }) => !tested.has(group)).slice(0, isLast ? SHOTS : 150),
        test: own.filter(({ group }) => tested.has(group)).slice(0, 100),
      };
    };
    const [first, second] = [of(pair[0]), of(pair[1])];
    const train = [...first.train, ...second.train];
    const test = [...first.test, ...second.test];
    if (train.length < 2 * SHOTS || test.length < 100)
      throw new Error(`too few passages of ${pair.join(' and ')}`);
    tasks.push(await writeTask(lab, `pair-${i + 1}`, { train, validation: [], test }));
  }
  return tasks;
}
