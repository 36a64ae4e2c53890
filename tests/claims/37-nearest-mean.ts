import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import type { EvaluationInput, EvaluationOutput } from '@eigenloom/demo/dist/run/evaluate-module.js';
import { runOnEngine } from '@eigenloom/engine';
import { randomOrder, SafetensorsFile, SafetensorsWriter, streamKey } from '@eigenloom/numeric';
import type { Claim } from './claim.js';
import type { Lab, Made } from './lab.js';
import type { Embedded, EmbedInput } from './nearest-mean/embed-module.js';
import { type Labelled, type Speakers, speakers } from './nearest-mean/presidents.js';
import type { Labelled as Matrix, ProbeInput } from './nearest-mean/probe-module.js';
import { encoder, maxLength, mean, percent } from './tasks.js';

const MAX_DIFFERENCE = 1e-6;
const MAX_POINTS_BELOW_JOINT = 10;
const PER_TASK = 2;
/** Worker threads run what was compiled. */
const moduleAt = (name: string): string => resolve('tests/dist/claims/nearest-mean', `${name}.js`);

interface Data {
  readonly names: readonly string[];
  readonly train: readonly Labelled[];
  readonly test: readonly Labelled[];
  readonly columns: number;
  /** In the order of `train` and `test`. */
  readonly features: { readonly train: Float32Array; readonly test: Float32Array };
}

type Row = {
  readonly seed: number;
  readonly nearest_mean: number;
  readonly sequential_head: number;
  /** In the first order only. */
  readonly sequential_model: number | null;
  readonly final_nearest_mean: number;
  readonly final_joint_head: number;
  readonly largest_difference: number;
};

/** Nearest mean. Janson et al. 2022, arXiv:2210.04428. */
export const nearestMean: Claim = {
  row: 37,
  methods: ['nearest_mean'],
  statement:
    'On the features of a frozen pretrained model the nearest class mean learns classes that arrive in tasks as well as all at once, without stored examples, and better than training that goes from task to task.',
  criterion: `sentence embeddings of MiniLM, passages of 10 presidents in 5 tasks of 2, for each of 3 orders of the classes: the class sums after the tasks differ from those of all examples at once by at most ${MAX_DIFFERENCE} of the largest; mean over the orders: the average over the tasks of the accuracy on all classes seen so far is above that of a linear head trained task by task and, in the first order, above that of the whole model trained so; and the final accuracy is at most ${MAX_POINTS_BELOW_JOINT} points below that of a linear head trained on all examples.`,
  missing:
    'images; the model trained task by task in more than one order, with more than 20 steps a task; the features are made by the packages, since no service gives them out. Speakers stand for classes.',
  async run(lab) {
    const data = await prepared(lab);
    const rows: Row[] = [];
    for (const seed of lab.seeds(3)) {
      lab.say(`order ${seed}`);
      rows.push(await compared(lab, data, seed));
    }
    const of = (name: keyof Row): number => mean(rows.map((row) => row[name] ?? NaN));
    const [first] = rows;
    const model = first?.sequential_model ?? NaN;
    const below = 100 * (of('final_joint_head') - of('final_nearest_mean'));
    const difference = Math.max(...rows.map((row) => row.largest_difference));
    return {
      held:
        difference <= MAX_DIFFERENCE &&
        of('nearest_mean') > of('sequential_head') &&
        (first?.nearest_mean ?? NaN) > model &&
        below <= MAX_POINTS_BELOW_JOINT,
      measured: `average incremental accuracy: nearest mean ${percent(of('nearest_mean'))}, head task by task ${percent(of('sequential_head'))}, model task by task ${percent(model)} (nearest mean ${percent(first?.nearest_mean ?? NaN)} in that order); at the end ${percent(of('final_nearest_mean'))} against ${percent(of('final_joint_head'))} of a head trained on everything; class sums differ by ${difference.toExponential(1)}`,
      tables: [
        {
          id: 'orders',
          title: 'Accuracy by order of the classes',
          columns: Object.keys(rows[0] ?? {}).map((name) => ({ name })),
          rows,
        },
      ],
    };
  },
};

async function prepared(lab: Lab): Promise<Data> {
  const { names, train, test } =
    lab.size === 'full' ? await speakers({ classes: 10, trainEach: 80, testEach: 40 }) : tinySpeakers();
  lab.say('embedding the passages');
  const model = await encoder(lab);
  const input = { model, texts: [...train, ...test].map(({ text }) => text), maxLength: maxLength(lab) };
  const module = moduleAt('embed-module');
  const { columns, values } = await runOnEngine<EmbedInput, Embedded>(module, input, { signal: lab.signal });
  const end = train.length * columns;
  return { names, train, test, columns, features: { train: values.slice(0, end), test: values.slice(end) } };
}

/** Four classes with words of their own. */
function tinySpeakers(): Speakers {
  const labels = [0, 1, 2, 3];
  const of = (each: number): Labelled[] =>
    labels.flatMap((label) =>
      Array.from({ length: each }, (_, i) => ({ text: `w${4 + 12 * label + i} w${5 + 12 * label}`, label })),
    );
  return { names: labels.map(String), train: of(6), test: of(4) };
}

async function compared(lab: Lab, data: Data, seed: number): Promise<Row> {
  const { names, train, test } = data;
  const order = [...randomOrder(streamKey(BigInt(seed), 'classes'), names.length)];
  const tasks = Array.from({ length: names.length / PER_TASK }, (_, task) => ({
    own: new Set(order.slice(task * PER_TASK, (task + 1) * PER_TASK)),
    seen: new Set(order.slice(0, (task + 1) * PER_TASK)),
  }));
  const shuffled = [...randomOrder(streamKey(BigInt(seed), 'rows'), train.length)];
  const rowsOf = tasks.map(({ own, seen }) => ({
    train: shuffled.filter((row) => own.has(train[row]?.label ?? -1)),
    test: [...test.keys()].filter((row) => seen.has(test[row]?.label ?? -1)),
  }));
  const streamed = await streamedMeans(lab, data, rowsOf, seed);
  const everything = [{ train: [...train.keys()], test: [...test.keys()] }];
  const { last } = await streamedMeans(lab, data, everything, seed);
  const heads = await headAccuracies(lab, data, rowsOf, seed);
  const [joint = NaN] = await headAccuracies(lab, data, everything, seed);
  return {
    seed,
    nearest_mean: mean(streamed.accuracies),
    sequential_head: mean(heads),
    sequential_model: seed === 1 ? mean(await modelAccuracies(lab, data, rowsOf, seed)) : null,
    final_nearest_mean: streamed.accuracies.at(-1) ?? NaN,
    final_joint_head: joint,
    largest_difference: await sumDifference(streamed.last, last),
  };
}

interface TaskRows {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/** The study, task by task: the accuracies after each, and the last artifact. */
async function streamedMeans(
  lab: Lab,
  data: Data,
  tasks: readonly TaskRows[],
  seed: number,
): Promise<{ readonly accuracies: number[]; readonly last: Made }> {
  const accuracies: number[] = [];
  let last: Made | undefined;
  for (const [task, rows] of tasks.entries()) {
    const uri = lab.path(`features-${tasks.length}-${seed}-${task}.safetensors`);
    await writeFeatures(uri, data, rows);
    const previousUri = last === undefined ? '' : join(last.folder, 'class_sums.safetensors');
    last = await lab.run('analysis', { nearestMean: { data: { uri }, previousUri } });
    accuracies.push(last.report.metrics['accuracy'] ?? NaN);
  }
  if (last === undefined) throw new Error('there is no task');
  return { accuracies, last };
}

async function writeFeatures(path: string, data: Data, rows: TaskRows): Promise<void> {
  const parts = { '': part(data, 'train', rows.train), test_: part(data, 'test', rows.test) };
  const planned = Object.entries(parts).flatMap(([prefix, { labels }]) => [
    { name: `${prefix}features`, dtype: 'F32' as const, shape: [labels.length, data.columns] },
    { name: `${prefix}labels`, dtype: 'I32' as const, shape: [labels.length] },
  ]);
  const writer = await SafetensorsWriter.create(path, planned);
  for (const [prefix, { values, labels }] of Object.entries(parts)) {
    await writer.write(`${prefix}features`, values);
    await writer.write(`${prefix}labels`, new Uint8Array(labels.buffer));
  }
  await writer.finish();
}

/** Rows of the features, with their labels. */
function part(data: Data, name: 'train' | 'test', rows: readonly number[]): Matrix {
  const { columns, features } = data;
  const values = new Float32Array(rows.length * columns);
  for (const [to, row] of rows.entries())
    values.set(features[name].subarray(row * columns, (row + 1) * columns), to * columns);
  return { values, labels: Int32Array.from(rows, (row) => data[name][row]?.label ?? -1) };
}

/** Each row at length 1, as the study has it by default. */
function scaled({ values, labels }: Matrix, columns: number): Matrix {
  const out = values.slice();
  for (let row = 0; row < labels.length; row += 1) {
    const own = out.subarray(row * columns, (row + 1) * columns);
    const length = Math.hypot(...own);
    own.forEach((value, i) => (own[i] = value / length));
  }
  return { values: out, labels };
}

function headAccuracies(lab: Lab, data: Data, tasks: readonly TaskRows[], seed: number): Promise<number[]> {
  const { columns, names } = data;
  const input: ProbeInput = {
    ...{ columns, classes: names.length, steps: lab.pick(300, 2), seed },
    tasks: tasks.map((rows) => scaled(part(data, 'train', rows.train), columns)),
    tests: tasks.map((rows) => scaled(part(data, 'test', rows.test), columns)),
  };
  const module = moduleAt('probe-module');
  return runOnEngine<ProbeInput, number[]>(module, input, { signal: lab.signal });
}

/** The whole model, trained on each task from where the one before ended. */
async function modelAccuracies(
  lab: Lab,
  { names, train, test }: Data,
  tasks: readonly TaskRows[],
  seed: number,
): Promise<number[]> {
  const labels = [...names.keys()].map((label) => `class ${label}`);
  const accuracies: number[] = [];
  let model = await encoder(lab);
  for (const [task, rows] of tasks.entries()) {
    const write = async (name: 'train' | 'test', all: readonly Labelled[]): Promise<string> => {
      const path = lab.path(`texts/${seed}-${task}-${name}.jsonl`);
      await mkdir(dirname(path), { recursive: true });
      const lines = rows[name].map((row) => {
        const { text = '', label = -1 } = all[row] ?? {};
        return JSON.stringify({ text, label: labels[label] });
      });
      await writeFile(path, `${lines.join('\n')}\n`);
      return path;
    };
    const made = await lab.run('train', {
      ...{ model: { uri: model }, seed: String(seed), sequenceClassification: { labels }, full: {} },
      trainData: { uri: await write('train', train) },
      optimizer: { learningRate: 5e-5 },
      batching: { batchSize: lab.pick(16, 4), maxLength: maxLength(lab) },
      maxSteps: lab.pick(20, 1),
    });
    model = made.folder;
    const input = { model, adapters: [], headFrom: undefined, labels, maxLength: maxLength(lab) };
    const { accuracy } = await runOnEngine<EvaluationInput, EvaluationOutput>(
      require.resolve('@eigenloom/demo/dist/run/evaluate-module.js'),
      { ...input, data: await write('test', test) },
      { signal: lab.signal },
    );
    accuracies.push(accuracy);
  }
  return accuracies;
}

/** Largest difference of the class sums, over the largest of them. */
async function sumDifference(a: Made, b: Made): Promise<number> {
  const [x, y] = await Promise.all(
    [a, b].map(async ({ folder }) => {
      const file = await SafetensorsFile.open(join(folder, 'class_sums.safetensors'));
      return file.read('sums', 'f64');
    }),
  );
  const largest = Math.max(...(y ?? []).map(Math.abs));
  return Math.max(...(x ?? []).map((value, i) => Math.abs(value - (y?.[i] ?? NaN)))) / largest;
}
