import { openModel, readAdapterFolder } from '@eigenloom/adapters';
import { testScore } from '@eigenloom/demo/dist/run/evaluate.js';
import type { Claim } from './claim.js';
import type { Lab } from './lab.js';
import { encoder, maxLength, mean, percent, realTasks, type Task } from './tasks.js';

const MAX_DIFFERENCE = 1e-5;
const MAX_SHARE = 0.01;

type Compared = {
  readonly seed: number;
  readonly loss_beside: number;
  readonly loss_folded: number;
  readonly relative_difference: number;
  readonly accuracy_beside: number;
  readonly accuracy_folded: number;
  readonly parameters: number;
  readonly share: number;
};

/** SSF. Lian et al. 2022, arXiv:2210.08823. */
export const ssf: Claim = {
  row: 32,
  methods: ['ssf', 'adapter'],
  statement:
    'A scale and a shift behind each linear module and norm are trained with few parameters, and then fold into weights and biases without a loss.',
  criterion: `for each of 3 seeds: the test loss of the folded model differs from that of the model with the adapter beside it by at most ${MAX_DIFFERENCE} of it, and the adapter has at most ${percent(MAX_SHARE)} of the model's parameters.`,
  missing: 'the comparison with other ways of tuning on images.',
  async run(lab) {
    const [task] = await realTasks(lab);
    const rows: Compared[] = [];
    for (const seed of lab.seeds(3)) {
      lab.say(`seed ${seed}`);
      rows.push(await compared(lab, task, seed));
    }
    const worst = Math.max(...rows.map((row) => row.relative_difference));
    const share = Math.max(...rows.map((row) => row.share));
    const accuracy = percent(mean(rows.map((row) => row.accuracy_folded)));
    return {
      held: worst <= MAX_DIFFERENCE && share <= MAX_SHARE,
      measured: `largest relative difference of the test losses ${worst.toExponential(1)}; ${rows[0]?.parameters} parameters, ${percent(share)} of the model's; test accuracy of the folded model ${accuracy}`,
      tables: [
        {
          id: 'folded',
          title: 'Beside the model and folded into it',
          columns: Object.keys(rows[0] ?? {}).map((name) => ({ name })),
          rows,
        },
      ],
    };
  },
};

async function compared(lab: Lab, task: Task, seed: number): Promise<Compared> {
  const model = { uri: await encoder(lab) };
  const start = await lab.run('init', {
    ...{ model, seed: String(seed), targetModules: ['query', 'key', 'value', 'dense', 'LayerNorm'], ssf: {} },
    taskType: 'SEQ_CLS',
  });
  // The run is evaluated at its end on the test split, with the adapter beside the model.
  const { folder, report } = await lab.run('train', {
    ...{ model, seed: String(seed), adapter: { uri: start.folder }, sequenceClassification: {} },
    trainData: { uri: task.files.train },
    validationData: { uri: task.files.test },
    optimizer: { learningRate: 5e-3 },
    batching: { batchSize: lab.pick(16, 4), maxLength: maxLength(lab) },
    maxSteps: lab.pick(300, 2),
  });
  const candidate = { model: await encoder(lab), adapters: [folder], headFrom: undefined };
  const folded = await testScore(candidate, task, { maxLength: maxLength(lab), signal: lab.signal });
  const beside = report.metrics['validation_loss'] ?? NaN;
  const parameters = (await readAdapterFolder(folder)).factors.reduce((sum, f) => sum + f.data.length, 0);
  const all = [...(await openModel(await encoder(lab))).tensors.values()].reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
  return {
    seed,
    loss_beside: beside,
    loss_folded: folded.loss,
    relative_difference: Math.abs(folded.loss - beside) / beside,
    accuracy_beside: report.metrics['validation_accuracy'] ?? NaN,
    accuracy_folded: folded.accuracy,
    parameters,
    share: parameters / all,
  };
}
