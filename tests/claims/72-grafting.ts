import { openModel } from '@eigenloom/adapters';
import type { Claim } from './claim.js';
import type { Lab } from './lab.js';
import { accuracyOf, encoder, maxLength, mean, percent, realTasks, type Task } from './tasks.js';

const SPARSITY = 0.01;
const KEPT = 0.95;

type Grafted = {
  readonly task: string;
  readonly seed: number;
  readonly start: number;
  readonly tuned: number;
  readonly graft: number;
  readonly kept_gain: number;
  readonly share: number;
};

/** A graft and where its elements are: a bit of each element of the start. */
interface Run {
  readonly row: Grafted;
  readonly taken: ReadonlyMap<string, Uint8Array>;
}

/** Skill localisation by grafting. Panigrahi et al. 2023, arXiv:2302.06600. */
export const grafting: Claim = {
  row: 72,
  methods: ['graft', 'full'],
  statement:
    'A tiny part of the elements of a fine-tuned model, put on the model it came from, has nearly all that it learned; which elements these are depends on the task.',
  criterion: `mean over 3 seeds of one task and one of another: the graft keeps at least ${percent(KEPT)} of the gain in test accuracy with at most ${percent(SPARSITY)} of the elements; two grafts of one task share more of them than two of different tasks.`,
  missing: 'an overlap over many tasks, and grafts of prompt-tuned language models.',
  async run(lab) {
    const [period, spam] = await realTasks(lab);
    const start = await sharedStart(lab, period);
    const runs: Run[] = [];
    for (const seed of lab.seeds(3)) runs.push(await grafted(lab, start, period, seed));
    const other = await grafted(lab, await sharedStart(lab, spam), spam, 1);
    const rows = [...runs.map(({ row }) => row), other.row];
    const same = runs.flatMap((run, i) => runs.slice(i + 1).map((next) => overlap(run.taken, next.taken)));
    const different = runs.map((run) => overlap(run.taken, other.taken));
    const kept = mean(rows.map((row) => row.kept_gain));
    const share = Math.max(...rows.map((row) => row.share));
    const shared = same.length === 0 ? 0 : mean(same);
    return {
      held: kept >= KEPT && share <= SPARSITY && shared > mean(different),
      measured: `${percent(kept)} of the gain kept with at most ${percent(share)} of the elements; shared elements: ${percent(shared)} of two grafts of one task, ${percent(mean(different))} of two tasks`,
      tables: [
        {
          id: 'grafts',
          title: 'Test accuracy',
          columns: Object.keys(other.row).map((name) => ({ name })),
          rows,
        },
      ],
    };
  },
};

/** With a head for the classes of the task, and hardly trained: what a graft is put on. */
async function sharedStart(lab: Lab, task: Task): Promise<string> {
  return trained(lab, await encoder(lab), task, { seed: 1, learningRate: 1e-6, maxSteps: 1 });
}

async function trained(
  lab: Lab,
  model: string,
  task: Task,
  settings: { readonly seed: number; readonly learningRate: number; readonly maxSteps: number },
): Promise<string> {
  const { seed, learningRate, maxSteps } = settings;
  const { folder } = await lab.run('train', {
    ...{
      model: { uri: model },
      seed: String(seed),
      trainData: { uri: task.files.train },
      full: {},
      maxSteps,
    },
    ...{ sequenceClassification: {}, optimizer: { learningRate } },
    batching: { batchSize: lab.pick(16, 4), maxLength: maxLength(lab) },
  });
  return folder;
}

async function grafted(lab: Lab, start: string, task: Task, seed: number): Promise<Run> {
  lab.say(`${task.name}, seed ${seed}`);
  const tuned = await trained(lab, start, task, { seed, learningRate: 5e-5, maxSteps: lab.pick(120, 2) });
  const { folder, report } = await lab.run('merge', {
    base: { uri: start },
    models: [{ model: { uri: tuned }, data: { uri: task.files.train } }],
    graft: {
      sparsity: SPARSITY,
      batching: { batchSize: lab.pick(16, 4), maxLength: maxLength(lab) },
      budget: { steps: lab.pick(10, 1) },
    },
    allowUnchanged: true,
  });
  const [before, alone, after] = [
    await accuracyOf(lab, start, task),
    await accuracyOf(lab, tuned, task),
    await accuracyOf(lab, folder, task),
  ];
  const { metrics } = report;
  const row = {
    ...{ task: task.name, seed, start: before, tuned: alone, graft: after },
    kept_gain: (after - before) / (alone - before || 1),
    share: Number(metrics['grafted_elements']) / Number(metrics['elements']),
  };
  return { row, taken: await changed(start, folder) };
}

/** Which elements of the layers two models differ in. */
async function changed(first: string, second: string): Promise<Map<string, Uint8Array>> {
  const [a, b] = [await openModel(first), await openModel(second)];
  const found = new Map<string, Uint8Array>();
  for (const name of a.tensors.keys()) {
    if (!name.includes('encoder.layer.')) continue;
    const [x, y] = [await a.read(name, 'f32'), await b.read(name, 'f32')];
    found.set(
      name,
      Uint8Array.from(x, (value, i) => Number(value !== y[i])),
    );
  }
  return found;
}

/** Elements that both have, as a share of those of the smaller. */
function overlap(a: Run['taken'], b: Run['taken']): number {
  let [both, inA, inB] = [0, 0, 0];
  for (const [name, x] of a) {
    const y = b.get(name) ?? new Uint8Array(x.length);
    for (let i = 0; i < x.length; i++) {
      const [p, q] = [x[i] ?? 0, y[i] ?? 0];
      both += p & q;
      inA += p;
      inB += q;
    }
  }
  return both / Math.max(1, Math.min(inA, inB));
}
