import type { Claim } from './claim.js';
import type { Lab } from './lab.js';
import { encoder, maxLength, mean, percent, realTasks, type Task, accuracyOf } from './tasks.js';

const SOUPS = ['linear', 'greedy_soup', 'learned_soup'] as const;
/** Learning rates of the ingredients: as in the paper, they differ in hyper-parameters and share their start. */
const RATES = [1e-5, 3e-5, 5e-5, 1e-4];

/** Model soups. Wortsman et al. 2022, arXiv:2203.05482. */
export const soups: Claim = {
  row: 55,
  methods: [...SOUPS],
  statement:
    'The weights of models that were fine-tuned from one start with different settings can be averaged: the greedy soup is at least as good as the best of them.',
  criterion:
    "mean over 3 seeds: the greedy soup's test accuracy is at least that of the ingredient that is best on the validation split, and the uniform soup's is at least the mean of the ingredients.",
  missing: '',
  async run(lab) {
    const [task] = await realTasks(lab);
    const rows: Record<string, number>[] = [];
    for (const seed of lab.seeds(3)) rows.push(await oneSoup(lab, task, seed));
    const of = (name: string): number => mean(rows.map((row) => row[name] ?? NaN));
    return {
      held: of('greedy_soup') >= of('best_ingredient') && of('linear') >= of('mean_ingredient'),
      measured: `test accuracy: best ingredient ${percent(of('best_ingredient'))}, greedy ${percent(of('greedy_soup'))}, learned ${percent(of('learned_soup'))}, uniform ${percent(of('linear'))}, mean ingredient ${percent(of('mean_ingredient'))}`,
      tables: [
        {
          id: 'soups',
          title: 'Test accuracy by seed',
          columns: ['seed', 'best_ingredient', 'mean_ingredient', ...SOUPS].map((name) => ({ name })),
          rows,
        },
      ],
    };
  },
};

async function oneSoup(lab: Lab, task: Task, seed: number): Promise<Record<string, number>> {
  const batching = { batchSize: lab.pick(16, 4), maxLength: maxLength(lab) };
  const data = {
    trainData: { uri: task.files.train },
    validationData: { uri: task.files.validation },
    sequenceClassification: {},
    full: {},
    batching,
  };
  // A shared start has the head, too: heads that were drawn apart have no mean.
  const start = await lab.run('train', {
    ...data,
    model: { uri: await encoder(lab) },
    seed: String(seed),
    optimizer: { learningRate: 1e-5 },
    maxSteps: lab.pick(20, 1),
  });
  const members = [];
  const rates = lab.pick(RATES, RATES.slice(0, 2));
  for (const [i, learningRate] of rates.entries()) {
    lab.say(`seed ${seed}: ingredient ${i + 1} of ${rates.length}`);
    members.push(
      await lab.run('train', {
        ...data,
        model: { uri: start.folder },
        seed: String(100 * seed + i),
        optimizer: { learningRate },
        maxSteps: lab.pick(150, 1),
      }),
    );
  }
  const models = members.map(({ folder }) => ({ model: { uri: folder } }));
  const accuracies = [];
  for (const { folder } of members) accuracies.push(await accuracyOf(lab, folder, task));
  const validation = members.map(({ report }) => report.metrics['validation_accuracy'] ?? NaN);
  const best = validation.indexOf(Math.max(...validation));
  const row: Record<string, number> = {
    seed,
    best_ingredient: accuracies[best] ?? 0,
    mean_ingredient: mean(accuracies),
  };
  for (const method of SOUPS) {
    const parameters = method === 'linear' ? {} : { data: { uri: task.files.validation }, batching };
    const soup = await lab.run('merge', { models, [method]: parameters, allowUnchanged: true });
    row[method] = await accuracyOf(lab, soup.folder, task);
  }
  return row;
}
