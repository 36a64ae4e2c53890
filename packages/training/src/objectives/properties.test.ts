import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openModel } from '@eigenloom/checkpoint';
import { train } from '@eigenloom/contracts';
import { setBackend, tf } from '@eigenloom/engine';
import {
  addClassifierHead,
  type Batch,
  type DataSource,
  EXAMPLE_KINDS,
  headSpecs,
  loadNetwork,
  type Network,
} from '@eigenloom/models';
import type { ObjectiveChoice } from '../choice.js';
import { gradientsOf, type NamedLosses } from '../gradients/take-gradients.js';
import { adamwRule } from '../optimizers/adamw.js';
import { Optimizer } from '../optimizers/optimizer.js';
import { OBJECTIVES } from './index.js';
import type { Objective, ObjectiveData, ObjectiveState, Reading } from './objective.js';

const MODELS = join(__dirname, '..', '..', '..', '..', 'tests', 'golden', 'models');
const EXAMPLES = 24;
/** Those of PEFT, and none. */
const TASK_TYPES = [
  ...['SEQ_CLS', 'SEQ_2_SEQ_LM', 'CAUSAL_LM', 'TOKEN_CLS', 'QUESTION_ANS', 'FEATURE_EXTRACTION', ''],
];

interface Setting {
  /** Folder, from tests/golden/models. */
  readonly model: string;
  /** Folders of other models, by role. */
  readonly models?: Readonly<Record<string, string>>;
  /** A matrix of the network whose gradient is looked at. */
  readonly weight: string;
  /** The losses whose sum, before their weights, an evaluation gives. */
  readonly evaluated: readonly string[];
}

type Fixture<K extends ObjectiveChoice['$case']> = Setting & {
  readonly value: Extract<ObjectiveChoice, { $case: K }>['value'];
};

const FIXTURES: { readonly [K in ObjectiveChoice['$case']]: Fixture<K> } = {
  sequenceClassification: {
    value: { labels: [], pooling: train.Pooling.UNSPECIFIED },
    model: 'tiny-bert-classifier',
    weight: 'bert.encoder.layer.0.attention.self.value.weight',
    evaluated: ['cross_entropy'],
  },
  causalLanguageModeling: {
    value: {},
    model: 'tiny-llama',
    weight: 'model.layers.0.self_attn.v_proj.weight',
    evaluated: ['next_token'],
  },
  imageClassification: {
    value: { labels: [], pooling: train.Pooling.UNSPECIFIED },
    model: '../vit/classifier',
    weight: 'vit.encoder.layer.0.attention.attention.value.weight',
    evaluated: ['cross_entropy'],
  },
  distillation: {
    value: {
      task: { kind: { $case: 'causalLanguageModeling', value: {} } },
      teacher: { uri: 'teacher', adapters: [] },
      temperature: 3,
      logitWeight: 0.4,
      featureWeight: 0.05,
    },
    model: 'tiny-llama',
    models: { teacher: '../mergekit/a' },
    weight: 'model.layers.0.self_attn.v_proj.weight',
    evaluated: ['next_token'],
  },
};

/** An objective at work on a tiny model. */
interface Work {
  readonly network: Network;
  readonly data: ObjectiveData;
  readonly state: ObjectiveState;
  readonly parameters: ReadonlyMap<string, tf.Variable>;
}

let folder: string;
/** Examples of two classes, by the kind that a model reads. */
let sources: Readonly<Record<Batch['kind'], DataSource>>;
const { signal } = new AbortController();

beforeAll(async () => {
  await setBackend('native');
  folder = await mkdtemp(join(tmpdir(), 'objectives-'));
  const fields = { textField: 'text', labelField: 'label', limit: 0 };
  sources = {
    tokens: { path: await writeTexts(folder), ...fields },
    pixels: { path: await writeImages(folder), ...fields },
  };
});
afterAll(() => rm(folder, { recursive: true }));

async function writeTexts(into: string): Promise<string> {
  const lines = Array.from({ length: EXAMPLES }, (_, i) => {
    const yes = i % 2 === 1;
    const words = Array.from(
      { length: 3 + (i % 4) },
      (_w, j) => `w${(yes ? 33 : 3) + ((i * 7 + j * 11) % 28)}`,
    );
    return JSON.stringify({ text: words.join(' '), label: yes ? 'yes' : 'no' });
  });
  const path = join(into, 'data.jsonl');
  await writeFile(path, lines.join('\n'));
  return path;
}

/** Pictures of 8 × 8 pixels as an IDX file, bright on the left or on the right. */
async function writeImages(into: string): Promise<string> {
  const path = join(into, 'data-images-idx3-ubyte');
  const pixels = Array.from({ length: EXAMPLES * 64 }, (_, at) => {
    const isRight = at % 8 >= 4 === (Math.floor(at / 64) % 2 === 1);
    return (isRight ? 180 : 40) + ((at * 37) % 60);
  });
  await writeFile(path, Buffer.from([...[0, 0, 8, 3, 0, 0, 0, EXAMPLES, 0, 0, 0, 8, 0, 0, 0, 8], ...pixels]));
  const labels = Array.from({ length: EXAMPLES }, (_, i) => i % 2);
  await writeFile(
    join(into, 'data-labels-idx1-ubyte'),
    Buffer.from([...[0, 0, 8, 1, 0, 0, 0, EXAMPLES], ...labels]),
  );
  return path;
}

const reading = async (model: string, network: Network): Promise<Reading> => ({
  ...{ train: sources[network.family.input], validation: sources[network.family.input], signal },
  reader: await EXAMPLE_KINDS[network.family.input].open({
    ...{ directory: join(MODELS, model), network, maxLength: 32 },
  }),
  storedHead: () => Promise.resolve(null),
});

async function work(objective: Objective, { model, models = {}, weight }: Setting): Promise<Work> {
  const network = await loadNetwork(await openModel(join(MODELS, model)));
  const data = await objective.read(await reading(model, network));
  const head = objective.head(network);
  const count = data.classes.length;
  if (head !== null) addClassifierHead(network, head, count, 1n);
  const state = await objective.prepare(data, {
    ...{ network, head, batchSize: EXAMPLES, seed: 1n, signal },
    pass: () => ({}),
    open: (role) => openModel(join(MODELS, models[role] ?? role)),
  });
  await state.load?.(ALL);
  const trained = [weight, ...(head === null ? [] : headSpecs(network, head, count).map(({ name }) => name))];
  return {
    network,
    data,
    state,
    parameters: new Map(trained.map((name) => [name, network.parameters.train(name)])),
  };
}

const ALL = Int32Array.from({ length: EXAMPLES }, (_, i) => i);
/** Values of the losses at a step, by name, and their weights. */
async function read(losses: () => NamedLosses): Promise<Record<string, { value: number; weight: number }>> {
  const parts: Record<string, { value: number; weight: number }> = {};
  const named = losses();
  for (const [name, { value, weight = 1 }] of Object.entries(named))
    parts[name] = { value: (await value.data())[0]!, weight };
  tf.dispose(Object.values(named).map(({ value }) => value));
  return parts;
}
const atStep = (state: ObjectiveState, step: number) => (): NamedLosses => {
  const losses = tf.tidy(() => {
    const named = state.losses(ALL, step);
    for (const { value } of Object.values(named)) tf.keep(value);
    return named as Record<string, never>;
  });
  return losses;
};
const totalOf = (parts: Record<string, { value: number; weight: number }>): number =>
  Object.values(parts).reduce((sum, { value, weight }) => sum + value * weight, 0);

const CASES = Object.entries(FIXTURES).map(([$case, fixture]): [string, Objective, Setting] => [
  $case,
  OBJECTIVES.create({ $case, value: fixture.value } as ObjectiveChoice).method,
  fixture,
]);

describe.each(CASES)('%s', (_, objective, fixture) => {
  let own: Work;
  beforeEach(async () => {
    own = await work(objective, fixture);
  });
  afterEach(async () => {
    await own.data.train.close?.();
    await own.data.validation?.close?.();
    own.network.dispose();
  });

  it('reads examples that its batches are made of', () => {
    const { train: examples, validation, counts } = own.data;
    expect(examples.labels).toHaveLength(EXAMPLES);
    expect(validation?.labels).toHaveLength(EXAMPLES);
    expect(examples.lengths).toHaveLength(EXAMPLES);
    expect(counts.train.examples).toBe(EXAMPLES);
  });

  it('has losses that fall', async () => {
    const optimizer = new Optimizer(own.parameters, adamwRule(), {
      weightDecay: 0,
      maxGradientNorm: 1,
      seed: 1n,
    });
    const take = gradientsOf((step) => own.state.losses(ALL, step), own.state.combine);
    const losses: number[] = [];
    for (let step = 1; step <= 12; step += 1) {
      losses.push((await optimizer.step(step, 0.01, take)).loss);
      await own.state.afterStep?.(step);
    }
    for (const loss of losses) expect(Number.isFinite(loss)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  });

  it('has the gradient that finite differences give', async () => {
    const taken = await gradientsOf((step) => own.state.losses(ALL, step))(1, own.parameters);
    for (const [name, variable] of own.parameters) {
      const gradient = taken.gradients.get(name)!;
      const [norm] = await tf.norm(gradient).data();
      const start = variable.clone();
      const along = async (by: number): Promise<number> => {
        tf.tidy(() => {
          variable.assign(tf.add(start, tf.mul(gradient, by / norm!)));
        });
        return totalOf(await read(atStep(own.state, 1)));
      };
      // The loss is f32: a step of 2^-6 leaves some four digits of the difference.
      const step = 2 ** -6;
      const slope = ((await along(step)) - (await along(-step))) / (2 * step);
      tf.tidy(() => {
        variable.assign(start);
      });
      expect(Math.abs(slope / norm! - 1)).toBeLessThan(0.02);
    }
  });

  it('evaluates to the losses of the same examples', async () => {
    const parts = await read(atStep(own.state, 1));
    const { loss, metrics } = await own.state.evaluate();
    const wanted = fixture.evaluated.reduce((sum, name) => sum + parts[name]!.value, 0);
    expect(loss).toBeCloseTo(wanted, 5);
    for (const value of Object.values(metrics)) expect(Number.isFinite(value)).toBe(true);
    expect(Object.keys(metrics)).toEqual(Object.keys(objective.metrics));
  });

  it('takes its losses of the forward pass that it shows, where it has one', async () => {
    const { state } = own;
    if (state.forward === undefined) return;
    const count = tf.memory().numTensors;
    const shown = tf.tidy(() => {
      const { batch, features, logits, targets, losses } = state.forward!(ALL, 1);
      expect(batch.size).toBe(EXAMPLES);
      expect(features.hidden.shape[0]).toBe(features.layout.size * features.layout.length);
      expect(targets).toHaveLength(logits.shape[0]);
      for (const { value } of Object.values(losses)) tf.keep(value);
      return losses as Record<string, never>;
    });
    expect(await read(() => shown)).toEqual(await read(atStep(state, 1)));
    expect(tf.memory().numTensors).toBe(count);
  });

  it('gives the same losses for the same step, from what it saved too', async () => {
    const saved = (await own.state.tensors?.()) ?? new Map();
    const before = await read(atStep(own.state, 3));
    await own.state.afterStep?.(1);
    own.state.restore?.(saved);
    expect((await own.state.tensors?.()) ?? new Map()).toEqual(saved);
    expect(await read(atStep(own.state, 3))).toEqual(before);
  });

  it('keeps no tensor of a step or an evaluation', async () => {
    const take = gradientsOf((step) => own.state.losses(ALL, step), own.state.combine);
    const once = async (): Promise<void> => {
      const { gradients } = await take(1, own.parameters);
      tf.dispose([...gradients.values()]);
      await own.state.evaluate();
    };
    await once();
    const before = tf.memory().numTensors;
    await once();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('says what the files of its result are', async () => {
    const { taskType, config } = objective.files(own.network, own.data.classes);
    expect(TASK_TYPES).toContain(taskType);
    expect(config === null).toBe(own.data.classes.length === 0);
    await objective.checkModel(own.network, own.network.parameters);
  });
});
