import type { Claim } from './claim.js';
import type { Lab } from './lab.js';
import { encoder, maxLength, mean, percent, realTasks, type Task } from './tasks.js';

const SAVED = 0.6;
const SAVED_8BIT = 0.8;
const LOSS_FACTOR = 1.02;

/** α = 1/4 at four times the rate: matrices move as far as with AdamW. Three subspaces at full size. */
const GALORE = { updateInterval: 50, scale: 0.25 };
const OPTIMIZERS = {
  adamw: { adamw: {}, learningRate: 5e-5 },
  galore: { galore: GALORE, learningRate: 2e-4 },
  galore_8bit: { galore: { ...GALORE, eightBit: true }, learningRate: 2e-4 },
} as const;
const NAMES = ['adamw', 'galore', 'galore_8bit'] as const;
type Name = (typeof NAMES)[number];

type Run = {
  readonly seed: number;
  readonly optimizer: Name;
  readonly optimizer_bytes: number;
  readonly validation_loss: number;
  readonly validation_accuracy: number;
};

/** GaLore. Zhao et al. 2024, arXiv:2403.03507. */
export const galore: Claim = {
  row: 3,
  methods: ['galore', 'adamw', 'full'],
  statement:
    'GaLore trains all weights as well as Adam does, with a fraction of its state, because the state is that of gradients in a small subspace.',
  criterion: `mean over 3 seeds, at the default rank: the optimiser's state has at least ${percent(SAVED)} fewer bytes than AdamW's, and ${percent(SAVED_8BIT)} with moments of 8 bits; in both forms the validation loss is at most ${LOSS_FACTOR} times AdamW's after equal steps.`,
  missing: '',
  async run(lab) {
    const [task] = await realTasks(lab);
    const rows: Run[] = [];
    for (const seed of lab.seeds(3)) {
      for (const optimizer of NAMES) {
        lab.say(`seed ${seed}: ${optimizer}`);
        rows.push(await trained(lab, task, seed, optimizer));
      }
    }
    const of = (optimizer: Name, column: 'optimizer_bytes' | 'validation_loss'): number =>
      mean(rows.filter((row) => row.optimizer === optimizer).map((row) => row[column]));
    const saved = (name: Name): number => 1 - of(name, 'optimizer_bytes') / of('adamw', 'optimizer_bytes');
    const [adam, ...losses] = NAMES.map((name) => of(name, 'validation_loss')) as [number, number, number];
    const isSmall = saved('galore') >= SAVED && saved('galore_8bit') >= SAVED_8BIT;
    return {
      held: isSmall && losses.every((loss) => loss <= LOSS_FACTOR * adam),
      measured: `bytes of state: ${percent(saved('galore'))} fewer, in 8 bits ${percent(saved('galore_8bit'))}; validation loss: AdamW ${adam.toFixed(4)}, GaLore ${losses.map((loss) => loss.toFixed(4)).join(', in 8 bits ')}`,
      tables: [
        {
          id: 'runs',
          title: 'State and loss by seed',
          columns: ['seed', 'optimizer', 'optimizer_bytes', 'validation_loss', 'validation_accuracy'].map(
            (name) => ({ name }),
          ),
          rows,
        },
      ],
    };
  },
};

async function trained(lab: Lab, task: Task, seed: number, optimizer: Name): Promise<Run> {
  const { report } = await lab.run('train', {
    model: { uri: await encoder(lab) },
    seed: String(seed),
    trainData: { uri: task.files.train },
    validationData: { uri: task.files.validation },
    sequenceClassification: {},
    full: {},
    optimizer: OPTIMIZERS[optimizer],
    batching: { batchSize: lab.pick(16, 4), maxLength: maxLength(lab) },
    maxSteps: lab.pick(150, 1),
  });
  const metric = (name: string): number => {
    const value = report.metrics[name];
    if (typeof value !== 'number') throw new Error(`the report of ${optimizer} lacks ${name}`);
    return value;
  };
  return {
    seed,
    optimizer,
    optimizer_bytes: metric('optimizer_bytes'),
    validation_loss: metric('validation_loss'),
    validation_accuracy: metric('validation_accuracy'),
  };
}
