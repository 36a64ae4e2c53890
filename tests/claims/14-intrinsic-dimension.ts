import type { Claim } from './claim.js';
import { encoder, maxLength, percent, realTasks } from './tasks.js';

const FACTOR = 2;
/** By 2. */
const GRID = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384];

type Found = {
  readonly start: string;
  readonly d90: number | null;
  readonly full_score: number;
  readonly target: number;
  readonly parameters: number;
};

/** Intrinsic dimension of fine-tuning. Aghajanyan et al. 2020, arXiv:2012.13255. */
export const intrinsicTuning: Claim = {
  row: 14,
  methods: ['intrinsic_dimension'],
  statement:
    'Fine-tuning a pretrained model needs few dimensions, and pretraining is what makes them few: the same network with random weights needs more.',
  criterion: `MiniLM on the period of State of the Union passages, structure-aware Fastfood, each start to 90 % of its own full score: the pretrained d90 is at most 1/${FACTOR} of that of random weights, which counts as twice the largest of the grid where it is not reached; and at most 0.1 % of the weights.`,
  missing: 'several tasks, several sizes of models, and checkpoints along the pretraining; one seed.',
  async run(lab) {
    const [task] = await realTasks(lab);
    const model = { uri: await encoder(lab) };
    const rows: Found[] = [];
    for (const [start, learningRate] of [
      ['pretrained', 5e-5],
      ['random', 3e-4],
    ] as const) {
      lab.say(start);
      const { report } = await lab.run('analysis', {
        seed: '1',
        intrinsicDimension: {
          ...{ model, data: { uri: task.files.train }, testData: { uri: task.files.test } },
          ...{ structureAware: true, randomWeights: start === 'random', learningRate },
          dimensions: lab.pick(GRID, [16]),
          steps: lab.pick(100, 1),
          batching: { batchSize: lab.pick(16, 4), maxLength: maxLength(lab) },
        },
      });
      const { d90 = null, full_score: score, target, parameters } = report.metrics;
      rows.push({
        ...{ start, d90, full_score: score ?? NaN },
        ...{ target: target ?? NaN, parameters: parameters ?? NaN },
      });
    }
    const [pretrained, random] = rows.map(({ d90 }) => d90 ?? 2 * (GRID.at(-1) ?? 0));
    const share = (pretrained ?? NaN) / (rows[0]?.parameters ?? NaN);
    return {
      held: (pretrained ?? NaN) * FACTOR <= (random ?? NaN) && share <= 1e-3,
      measured: rows
        .map((row) => `${row.start}: d90 ${row.d90 ?? 'not reached'} for ${percent(row.target)} of accuracy`)
        .join('; '),
      tables: [
        {
          id: 'found',
          title: 'Intrinsic dimensions by start',
          columns: Object.keys(rows[0] ?? {}).map((name) => ({ name })),
          rows,
        },
      ],
    };
  },
};
