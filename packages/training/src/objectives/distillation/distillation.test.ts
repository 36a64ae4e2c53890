import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Model, openModel } from '@eigenloom/checkpoint';
import { train } from '@eigenloom/contracts';
import { setBackend, tf } from '@eigenloom/engine';
import {
  loadClassifierHead,
  loadNetwork,
  type Network,
  reachedParameters,
  TextExamples,
} from '@eigenloom/models';
import type { ObjectiveChoice } from '../../choice.js';
import { gradientsOf } from '../../gradients/take-gradients.js';
import { OBJECTIVES } from '../index.js';
import type { Objective, ObjectiveContext, ObjectiveData } from '../objective.js';

const GOLDEN = join(__dirname, '../../../../../tests/golden');
const CLASSES = ['ham', 'spam', 'other'];

interface Outcome {
  readonly losses: Readonly<Record<'task' | 'distillation' | 'feature_distance', number>>;
  readonly gradient_norm: number;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

// Made by tests/golden/distillation/generate.py in float64.
const golden = JSON.parse(readFileSync(join(GOLDEN, 'distillation/losses.json'), 'utf8')) as {
  readonly settings: {
    readonly factor: number;
    readonly temperature: number;
    readonly logitWeight: number;
    readonly featureWeight: number;
    readonly order: readonly number[];
    readonly rows: readonly (readonly number[])[];
    readonly labels: readonly number[];
  };
  readonly classes: Outcome;
  readonly nextTokens: Outcome;
};
const { factor, order, rows, labels, ...terms } = golden.settings;
const TASKS = {
  classes: { $case: 'sequenceClassification', value: { labels: [], pooling: train.Pooling.FIRST } },
  nextTokens: { $case: 'causalLanguageModeling', value: {} },
} as const;
type Task = keyof typeof TASKS;
const FOLDERS = { classes: 'tiny-bert-classifier', nextTokens: 'tiny-llama' };

beforeAll(() => setBackend('native'));

type Terms = Partial<typeof terms>;
const objectiveOf = (task: Task, own: Terms): Objective => {
  const value = { task: { kind: TASKS[task] }, teacher: { uri: 'teacher', adapters: [] }, ...own };
  return OBJECTIVES.create({ $case: 'distillation', value } as ObjectiveChoice).method;
};

/** A model whose weights are all `factor` times as large; with the names of its classes in another order. */
const asTeacher = (model: Model): Model =>
  Object.assign(Object.create(model) as Model, {
    config: {
      ...model.config,
      label2id: {},
      id2label: Object.fromEntries(order.map((at, row) => [at, CLASSES[row]])),
    },
    read: async (...[name, , options]: Parameters<Model['read']>) =>
      (await model.read(name, 'f32', options)).map((value) => value * factor),
  });

interface Work {
  readonly network: Network;
  losses(indices: Int32Array, step: number): ReturnType<Parameters<typeof gradientsOf>[0]>;
  readonly parameters: ReadonlyMap<string, tf.Variable>;
}

async function work(task: Task, own: Terms, change: (teacher: Model) => Model = asTeacher): Promise<Work> {
  const model = await openModel(join(GOLDEN, 'models', FOLDERS[task]));
  const network = await loadNetwork(model);
  const head = task === 'classes' ? (await loadClassifierHead(network, model)).head : null;
  const texts = rows.map((ids, i) => ({ ids: Int32Array.from(ids), label: labels[i]! }));
  const data = {
    ...{ train: new TextExamples(texts, network.config.padTokenId), validation: null },
    counts: { kind: 'tokens', train: { examples: rows.length, changed: [] }, validation: null },
    ...{ classes: task === 'classes' ? CLASSES : [], headStart: 'model' },
  } satisfies ObjectiveData;
  const context: ObjectiveContext = {
    ...{ network, head, batchSize: 8, seed: 1n, signal: new AbortController().signal },
    pass: () => ({}),
    open: () => Promise.resolve(change(model)),
  };
  const state = await objectiveOf(task, own).prepare(data, context);
  const names = [
    ...reachedParameters(network, head),
    ...(head === null ? [] : ['classifier.weight', 'classifier.bias']),
  ];
  return {
    network,
    losses: (indices, step) => state.losses(indices, step),
    parameters: new Map(names.map((name) => [name, network.parameters.train(name)])),
  };
}

const ALL = Int32Array.from(rows.keys());
const taken = async (own: Work): ReturnType<ReturnType<typeof gradientsOf>> =>
  gradientsOf((step) => own.losses(ALL, step))(1, own.parameters);

describe.each(['classes', 'nextTokens'] as const)('%s', (task) => {
  const { losses, gradients, gradient_norm: norm } = golden[task];
  const name = task === 'classes' ? 'cross_entropy' : 'next_token';

  it('has the losses and the gradients of torch', async () => {
    const own = await work(task, terms);
    const found = await taken(own);
    const { distillation, feature_distance } = losses;
    const expected = { [name]: losses.task, distillation, feature_distance };
    for (const [part, value] of Object.entries(expected))
      expect(found.losses![part]! / value).toBeCloseTo(1, 4);
    expect(Object.keys(found.losses!)).toEqual(Object.keys(expected));
    const { logitWeight: share, featureWeight } = terms;
    const total = (1 - share) * losses.task + share * distillation + featureWeight * feature_distance;
    expect(found.loss / total).toBeCloseTo(1, 4);
    let squares = 0;
    for (const gradient of found.gradients.values())
      for (const each of gradient.dataSync()) squares += each ** 2;
    expect(Math.sqrt(squares) / norm).toBeCloseTo(1, 4);
    for (const [parameter, values] of Object.entries(gradients)) {
      const read = [...found.gradients.get(parameter)!.dataSync()];
      expect([parameter, ...read.map((each) => each / norm)]).toEqual([
        parameter,
        ...values.map((each) => expect.closeTo(each / norm, 5) as unknown),
      ]);
    }
    tf.dispose([...found.gradients.values()]);
    own.network.dispose();
  });

  it('leaves out the term that has no weight, and with it what it would have needed', async () => {
    // Without its scores a classifier needs no head.
    const headless = (model: Model): Model =>
      Object.assign(Object.create(asTeacher(model)) as Model, {
        tensors: new Map([...model.tensors].filter(([each]) => !each.startsWith('classifier.'))),
      });
    const features = await taken(await work(task, { logitWeight: 0, featureWeight: 1 }, headless));
    expect(Object.keys(features.losses!)).toEqual([name, 'feature_distance']);
    expect(features.loss / (losses.task + losses.feature_distance)).toBeCloseTo(1, 4);
    const soft = await taken(await work(task, { logitWeight: 1, temperature: terms.temperature }));
    expect(Object.keys(soft.losses!)).toEqual([name, 'distillation']);
    expect(soft.loss / losses.distillation).toBeCloseTo(1, 4);
  });

  it('is 0 between a model and itself', async () => {
    const itself = (model: Model): Model => model;
    const found = await taken(await work(task, terms, itself));
    expect(found.losses!['distillation']).toBeCloseTo(0, 5);
    expect(found.losses!['feature_distance']).toBeCloseTo(0, 5);
  });
});

test('a teacher whose classes are others is refused before the first step', async () => {
  const renamed = (model: Model): Model =>
    Object.assign(Object.create(model) as Model, {
      config: { ...model.config, label2id: {}, id2label: { 0: 'ham', 1: 'spam', 2: 'eggs' } },
    });
  await expect(work('classes', terms, renamed)).rejects.toMatchObject({
    reason: 'CLASSES_DIFFER',
    message: expect.stringContaining('has the classes ham, spam, eggs, and not "other"') as string,
  });
});

test.each([
  ['distillation.temperature', { temperature: 0 }],
  ['distillation.temperature', { temperature: NaN }],
  ['distillation.logit_weight', { logitWeight: 1.1 }],
  ['distillation.logit_weight', { logitWeight: 0 }],
  ['distillation.feature_weight', { featureWeight: -1 }],
  ['distillation.teacher.uri', { teacher: undefined }],
  ['distillation.teacher.uri', { teacher: { uri: '', adapters: [] } }],
  ['distillation.task', { task: undefined }],
  ['distillation.task', { task: { kind: { $case: 'distillation', value: {} } } }],
  [
    'distillation.sequence_classification.labels',
    { task: { kind: { $case: 'sequenceClassification', value: { labels: ['a'], pooling: 0 } } } },
  ],
])('a wrong value is refused at %s', (field, own) => {
  const create = (): unknown => objectiveOf('nextTokens', own as Terms);
  expect(create).toThrow(
    expect.objectContaining({ fieldViolations: [expect.objectContaining({ field })] }) as Error,
  );
});
