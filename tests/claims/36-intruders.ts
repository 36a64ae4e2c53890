import type { Claim } from './claim.js';
import type { Lab, Made } from './lab.js';
import { encoder, maxLength, mean, percent, realTasks, type Task } from './tasks.js';

const EPSILONS = [0.3, 0.5, 0.7, 0.9];
const KS = [5, 10];
/** The values of the paper's main experiments. */
const [MAIN_EPSILON, MAIN_K] = [0.5, 10];
const TENSORS = ['*.attention.self.query.weight', '*.attention.self.value.weight'];

type Counted = {
  readonly seed: number;
  readonly method: 'lora' | 'full';
  readonly k: number;
  readonly epsilon: number;
  readonly intruders: number;
  readonly accuracy: number;
};

/** LoRA vs full fine-tuning. Shuttleworth et al. 2024, arXiv:2410.21228. */
export const intruders: Claim = {
  row: 36,
  methods: ['intruders', 'adapter', 'full'],
  statement:
    'LoRA reaches the accuracy of full fine-tuning and leaves intruder dimensions in its weights, which full fine-tuning does not.',
  criterion: `mean over 3 seeds, k = ${MAIN_K} and ε = ${MAIN_EPSILON}: LoRA of rank 1 has more intruder dimensions than full fine-tuning, and its validation accuracy is at most 3 points lower.`,
  missing: 'the remedy, which scales intruders by λ, and the forgetting that it undoes.',
  async run(lab) {
    const [task] = await realTasks(lab);
    const rows: Counted[] = [];
    for (const seed of lab.seeds(3)) {
      for (const method of ['lora', 'full'] as const) {
        lab.say(`seed ${seed}: ${method}`);
        const made = await trained(lab, task, seed, method);
        const accuracy = made.report.metrics['validation_accuracy'] ?? NaN;
        for (const k of lab.pick(KS, [MAIN_K])) {
          for (const epsilon of lab.pick(EPSILONS, [MAIN_EPSILON])) {
            const count = await countOf(lab, made, method, { k, epsilon });
            rows.push({ seed, method, k, epsilon, intruders: count, accuracy });
          }
        }
      }
    }
    const of = (method: string): Counted[] =>
      rows.filter((row) => row.method === method && row.k === MAIN_K && row.epsilon === MAIN_EPSILON);
    const [lora, full] = [of('lora'), of('full')];
    const counts = [lora, full].map((found) => mean(found.map((row) => row.intruders))) as [number, number];
    const scores = [lora, full].map((found) => mean(found.map((row) => row.accuracy))) as [number, number];
    return {
      held: counts[0] > counts[1] && scores[0] >= scores[1] - 0.03,
      measured: `intruder dimensions: LoRA ${counts[0].toFixed(1)}, full ${counts[1].toFixed(1)}; validation accuracy: LoRA ${percent(scores[0])}, full ${percent(scores[1])}`,
      tables: [
        {
          id: 'sweep',
          title: 'Intruder dimensions over ε and k, of the 12 query and value matrices',
          columns: ['seed', 'method', 'k', 'epsilon', 'intruders', 'accuracy'].map((name) => ({ name })),
          rows,
        },
      ],
    };
  },
};

async function trained(lab: Lab, task: Task, seed: number, method: 'lora' | 'full'): Promise<Made> {
  const model = { uri: await encoder(lab) };
  const request = {
    model,
    seed: String(seed),
    trainData: { uri: task.files.train },
    validationData: { uri: task.files.validation },
    sequenceClassification: {},
    batching: { batchSize: lab.pick(16, 4), maxLength: maxLength(lab) },
    maxSteps: lab.pick(300, 1),
  };
  if (method === 'full') {
    return lab.run('train', { ...request, full: {}, optimizer: { learningRate: 5e-5 } });
  }
  const start = await lab.run('init', {
    model,
    seed: String(seed),
    targetModules: ['query', 'value'],
    lora: { rank: 1, alpha: 2 },
  });
  return lab.run('train', {
    ...request,
    adapter: { uri: start.folder },
    optimizer: { learningRate: 5e-3 },
  });
}

async function countOf(
  lab: Lab,
  { folder }: Made,
  method: 'lora' | 'full',
  parameters: { readonly k: number; readonly epsilon: number },
): Promise<number> {
  const base = { uri: await encoder(lab) };
  const model = method === 'full' ? { uri: folder } : { ...base, adapters: [folder] };
  const { report } = await lab.run('analysis', {
    intruders: { model, base, tensors: TENSORS, ...parameters },
  });
  return report.metrics['intruders'] ?? NaN;
}
