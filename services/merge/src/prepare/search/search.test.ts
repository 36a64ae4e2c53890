import { readReport } from '@eigenloom/report';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openModel } from '@eigenloom/checkpoint';
import { withoutSpecialTokens } from '@eigenloom/checkpoint/dist/testing/without-special-tokens.js';
import { merge } from '@eigenloom/contracts';
import { setBackend } from '@eigenloom/engine';
import { MergeJob } from '@eigenloom/numeric';

import { mergeKind } from '../../kind.js';
import type { MergePlan } from '../../plan/planned.js';
import { contextIn, modelWith, newFolder, requestOf } from '../../testing/job-context.js';
import { trainTinyModel, writeNoisyModel, writeTinyBase, writeTinyData } from '../../testing/tiny-tasks.js';
import { type LossGradient, lossGradient, type ObjectiveName } from './coefficient-loss.js';
import { openSearch, type Search } from './open-search.js';
import { searchMemory } from './plan-search.js';
import type { SearchInput } from './search-input.js';
import { type Score, type TaskScore, taskScoresOf } from '../../testing/reports.js';

let folder: string;
const path = (name: string): string => join(folder, name);
const signal = new AbortController().signal;

beforeAll(async () => {
  await setBackend('native');
  folder = await newFolder();
  const base = await writeTinyBase(path('base'));
  await trainTinyModel(base, path('size'), { task: 'size', steps: 60 });
  await trainTinyModel(base, path('parity'), { task: 'parity', steps: 60 });
  for (const task of ['size', 'parity'] as const) await writeTinyData(folder, task, 64, 5000);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const dataOf = (task: string): merge.MergeInput['data'] => ({
  uri: path(`${task}-64-5000.jsonl`),
});
const input = (task: string): merge.MergeInput => modelWith(path(task), { data: dataOf(task) });

const BATCHING = { batch_size: 16, max_length: 16 };

let count = 0;
async function run(
  models: merge.MergeInput[],
  json: object,
  base: string | null = 'base',
): Promise<{ out: string; taskScores: readonly TaskScore[]; tables: readonly string[] }> {
  const out = path(`out-${(count += 1)}`);
  const request = requestOf({
    models,
    base: base === null ? undefined : { uri: path(base), adapters: [] },
    outputUri: out,
    method: merge.MergeMethod.fromJSON(json),
  });
  const context = contextIn(folder);
  await mergeKind.validate(request, context);
  await mergeKind.run(request, context);
  const { tables } = await readReport(out);
  return { out, taskScores: await taskScoresOf(out), tables: tables.map(({ id }) => id) };
}

const coefficientsOf = async (out: string): Promise<Record<string, number[]>> =>
  (
    JSON.parse(await readFile(join(out, 'coefficients.json'), 'utf8')) as {
      tensors: Record<string, number[]>;
    }
  ).tensors;

async function openTasks(fields: Partial<SearchInput> = {}): Promise<Search> {
  const base = await openModel(path('base'));
  const paths = (name: string): SearchInput['reference'] => ({
    path: path(name),
    adapters: [],
    untied: false,
  });
  const task = (name: string, model: number): SearchInput['tasks'][number] => ({
    model,
    head: paths(name),
    data: {
      path: path(`${name}-64-5000.jsonl`),
      textField: 'text',
      labelField: 'label',
      limit: 0,
      field: 'data',
    },
    sign: 1,
  });
  return openSearch(
    {
      reference: paths('base'),
      models: [paths('size'), paths('parity')],
      tensors: [...base.tensors.values()].map(({ name, shape }) => ({
        name,
        shape,
        reference: name,
        models: [name, name],
      })),
      tokenizerFolder: path('base'),
      tasks: [task('size', 0), task('parity', 1)],
      requireLabels: true,
      batchSize: 32,
      maxLength: 16,
      memoryBytes: 1e9,
      seed: 1n,
      ...fields,
    },
    signal,
  );
}

describe('the gradient of the coefficients', () => {
  const batches = [
    Int32Array.from({ length: 24 }, (_, i) => i),
    Int32Array.from({ length: 16 }, (_, i) => 3 * i),
  ];

  it.each(['cross_entropy', 'entropy'] as const)('of %s is that of finite differences', async (objective) => {
    const search = await openTasks();
    const at = async (
      values: Float64Array,
      scale = 1.3,
      name: ObjectiveName = objective,
    ): Promise<LossGradient> => {
      search.merged.assign(values);
      return lossGradient(search.merged, search.tasks, batches, name, scale);
    };
    const { names, models } = search.merged;
    const start = Float64Array.from({ length: names.length * models }, (_, i) => 0.35 + 0.1 * Math.sin(i));
    const found = await at(start);
    expect(names.some((name) => name.includes('word_embeddings'))).toBe(true);
    // Differences of a loss in f32, whose error is about 1e-7: the step balances it against the third derivative.
    const step = 2e-2;
    const slope = async (i: number): Promise<number> => {
      const moved = (by: number): Float64Array => start.map((value, k) => (k === i ? value + by : value));
      const [far, near] = [await at(moved(step)), await at(moved(-step))];
      return (far.loss - near.loss) / (2 * step);
    };
    const largest = Math.max(...found.coefficients.map(Math.abs));
    expect(largest).toBeGreaterThan(1e-2);
    for (let i = 0; i < start.length; i += 3) {
      expect(Math.abs((await slope(i)) - (found.coefficients[i] ?? NaN))).toBeLessThan(0.01 * largest);
    }
    const scaleSlope = ((await at(start, 1.32)).loss - (await at(start, 1.28)).loss) / 0.04;
    expect(Math.abs(scaleSlope - found.logitScale)).toBeLessThan(1e-3 * Math.abs(scaleSlope) + 1e-4);
  });

  it('is summed over the tasks, with their signs', async () => {
    const search = await openTasks();
    const { merged, tasks } = search;
    merged.assign(new Float64Array(merged.names.length * 2).fill(0.4));
    const both = await lossGradient(merged, tasks, batches, 'cross_entropy', 1);
    const [first, second] = tasks;
    const one = await lossGradient(merged, [first!], [batches[0]!], 'cross_entropy', 1);
    const other = await lossGradient(merged, [second!], [batches[1]!], 'cross_entropy', 1);
    both.coefficients.forEach((value, i) => {
      expect(value).toBeCloseTo((one.coefficients[i] ?? NaN) + (other.coefficients[i] ?? NaN), 10);
    });
    const spec = first!.task;
    const negated = await openTasks({ tasks: [{ ...spec, sign: -1 }] });
    negated.merged.assign(new Float64Array(merged.names.length * 2).fill(0.4));
    const away = await lossGradient(negated.merged, [negated.tasks[0]!], [batches[0]!], 'cross_entropy', 1);
    expect(away.loss).toBe(-one.loss);
    expect([...away.coefficients]).toEqual([...one.coefficients].map((value) => -value));
  });
});

describe('merged parameters', () => {
  it('are those of a merge on disk, to the bit', async () => {
    const { merged } = await openTasks();
    const { names } = merged;
    const values = Float64Array.from({ length: 2 * names.length }, (_, i) => 0.7 * Math.cos(i));
    merged.assign(values);
    const [base, size, parity] = await Promise.all(
      ['base', 'size', 'parity'].map((name) => openModel(path(name))),
    );
    for (const [row, name] of names.entries()) {
      const weights = [...values.slice(2 * row, 2 * row + 2)];
      const expected = await MergeJob.toMemory({
        name,
        models: [size!.source(name), parity!.source(name)],
        base: base!.source(name),
        steps: [
          { step: 'delta' },
          { step: 'weigh', weights },
          { step: 'sum', divisor: 'one', weights },
          { step: 'scale', factor: 1 },
          { step: 'add_base' },
        ],
      });
      expect(Buffer.from(merged.variables[row]!.dataSync().slice().buffer)).toEqual(
        Buffer.from(expected.buffer),
      );
    }
  });

  it('are refused where they do not fit, with the memory that is enough', async () => {
    await expect(openTasks({ memoryBytes: 10_000 })).rejects.toMatchObject({
      kind: 'LIMIT_EXCEEDED',
      reason: 'SEARCH_TOO_LARGE',
      message: expect.stringMatching(/memory_bytes = 10000; \d+ are enough/) as string,
    });
    const { cache } = await openTasks();
    const elements = cache.tensors.reduce((sum, { reference }) => sum + reference.length, 0);
    await expect(openTasks({ memoryBytes: elements * 20 })).resolves.toBeDefined();
  });
});

test('the memory of a search is what the models take, as far as memory_bytes lets it grow', () => {
  const tensors = [
    { shape: [1000, 300], merged: true },
    { shape: [7], merged: false },
  ] as unknown as MergePlan['tensors'];
  const plan = { tensors, models: [1, 2] as unknown as MergePlan['models'] };
  // f32 of reference and two models, merged value and gradient: 20 bytes for each of 300 000 elements.
  expect(searchMemory(plan, { memoryBytes: 1e9 })).toBe(6_000_000);
  expect(searchMemory(plan, { memoryBytes: 5_000_000 })).toBe(5_000_000);
  expect(searchMemory(plan, { memoryBytes: 1e9 }, 18)).toBe(9_000_000);
});

describe('learned soup', () => {
  it('gives a good model among noisy ones the weight, and beats the uniform soup', async () => {
    for (const seed of [1n, 2n]) await writeNoisyModel(path('size'), path(`noisy-${seed}`), 0.5, seed);
    const models = ['size', 'noisy-1', 'noisy-2'].map((name) => modelWith(path(name), {}));
    const response = await run(
      models,
      {
        learned_soup: { data: dataOf('size'), budget: { epochs: 20 }, batching: BATCHING, model_wise: true },
      },
      null,
    );
    const [score] = response.taskScores;
    expect(score!.after.loss).toBeLessThan(0.6 * score!.before.loss!);
    const weights = Object.values(await coefficientsOf(response.out));
    for (const own of weights) {
      expect(own.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
      expect(own[0]).toBeGreaterThan(Math.max(own[1]!, own[2]!));
    }
  });

  it('has weights for each tensor unless they are asked for the model', async () => {
    await writeNoisyModel(path('size'), path('noisy-3'), 0.3, 3n);
    const models = ['size', 'noisy-3'].map((name) => modelWith(path(name), {}));
    const settings = { data: dataOf('size'), budget: { epochs: 4 }, batching: BATCHING };
    const { out, taskScores } = await run(models, { learned_soup: settings }, null);
    const distinct = new Set(Object.values(await coefficientsOf(out)).map(([first]) => first));
    expect(distinct.size).toBeGreaterThan(10);
    expect(taskScores[0]!.after.loss).toBeLessThan(taskScores[0]!.before.loss!);
  });
});

describe('aTLAS', () => {
  it('adds tasks: better than the base on both, and the result is the formula', async () => {
    const { out, taskScores } = await run([input('size'), input('parity')], {
      atlas: { budget: { learning_rate: 0.1, epochs: 8 }, batching: BATCHING },
    });
    expect(taskScores.map(({ model }) => model)).toEqual([0, 1]);
    for (const { before, alone, after } of taskScores) {
      expect(alone.accuracy).toBeGreaterThan(0.95);
      expect(before.accuracy).toBeLessThan(0.8);
      expect(after.accuracy).toBeGreaterThan(before.accuracy!);
    }
    const coefficients = await coefficientsOf(out);
    const name = 'bert.encoder.layer.1.output.dense.weight';
    const [own, base, size, parity] = await Promise.all(
      [out, path('base'), path('size'), path('parity')].map(async (at) =>
        (await openModel(at)).read(name, 'f64'),
      ),
    );
    const [first, second] = coefficients[name]!;
    own!.forEach((value, i) => {
      const b = base![i]!;
      expect(value).toBeCloseTo(b + first! * (size![i]! - b) + second! * (parity![i]! - b), 5);
    });
  });

  it('forgets the first task, keeps the others, and reads only the first model', async () => {
    const { out, taskScores, tables } = await run([input('size'), input('parity')], {
      atlas: {
        objective: 'ATLAS_OBJECTIVE_NEGATION',
        budget: { learning_rate: 0.05, epochs: 10 },
        batching: BATCHING,
      },
    });
    const [target, control] = taskScores;
    expect(tables).toEqual(['task_scores']);
    expect(target!.after.loss).toBeGreaterThan(target!.before.loss!);
    expect(control!.alone).toEqual({ loss: null, accuracy: null });
    expect(control!.after.accuracy!).toBeGreaterThanOrEqual(0.95 * control!.before.accuracy!);
    expect(Object.values(await coefficientsOf(out)).every((own) => own.length === 1)).toBe(true);
  });

  it('learns from the few examples of one task', async () => {
    const { taskScores } = await run([modelWith(path('size'), {}), input('parity')], {
      atlas: { objective: 'ATLAS_OBJECTIVE_FEW_SHOT', budget: { epochs: 4 }, batching: BATCHING },
    });
    expect(taskScores.map(({ model }) => model)).toEqual([1]);
    expect(taskScores[0]!.after.accuracy).toBeGreaterThan(taskScores[0]!.before.accuracy!);
  });

  it('makes predictions certain at test time, without labels', async () => {
    const own = input('parity');
    const unlabelled = { ...own, data: { ...own.data!, labelField: 'none' } };
    const { taskScores } = await run([modelWith(path('size'), {}), unlabelled], {
      atlas: { objective: 'ATLAS_OBJECTIVE_TEST_TIME', budget: { epochs: 4 }, batching: BATCHING },
    });
    expect(taskScores[0]!.after.accuracy).toBeNull();
    expect(taskScores[0]!.after.loss).toBeLessThan(0.8 * taskScores[0]!.before.loss!);
  });

  it('asks for the data of every model', async () => {
    await expect(run([input('size'), modelWith(path('parity'), {})], { atlas: {} })).rejects.toMatchObject({
      reason: 'FIELD_MISSING',
      fieldViolations: [{ field: 'models[1].data' }],
    });
  });
});

describe('data', () => {
  it('with more classes than the head of the model is refused', async () => {
    const lines = ['a', 'b', 'c'].map((label) => JSON.stringify({ text: 'w3 w4', label }));
    await writeFile(path('three.jsonl'), lines.join('\n'));
    const own = input('size');
    const three = { ...own, data: { ...own.data!, uri: path('three.jsonl') } };
    await expect(run([three], { atlas: { batching: { max_length: 16 } } })).rejects.toMatchObject({
      reason: 'LABEL_UNKNOWN',
      message: expect.stringMatching(
        /^models\[0\]\.data: line \d+: .* the classes are "no", "yes"$/,
      ) as string,
    });
  });

  it('of which no example is to be read is refused', async () => {
    const own = input('size');
    const none = { ...own, data: { ...own.data!, limit: 0 } };
    await expect(run([none], { atlas: {} })).rejects.toMatchObject({
      reason: 'OUT_OF_RANGE',
      fieldViolations: [{ field: 'models[0].data.limit' }],
    });
  });

  it('that a method does not read is refused', async () => {
    await expect(run([input('size')], { task_arithmetic: {} })).rejects.toMatchObject({
      reason: 'FIELD_UNUSED',
      fieldViolations: [{ field: 'models[0].data' }],
    });
  });
});

describe('AdaMerging', () => {
  it.each([true, false])('makes predictions certain without labels, task-wise %p', async (taskWise) => {
    const unlabelled = (task: string): merge.MergeInput => {
      const own = input(task);
      return { ...own, data: { ...own.data!, labelField: 'none' } };
    };
    const { out, taskScores } = await run([unlabelled('size'), unlabelled('parity')], {
      ada_merging: { task_wise: taskWise, budget: { steps: 30, learning_rate: 0.02 }, batching: BATCHING },
    });
    const total = (of: (score: TaskScore) => Score): number =>
      taskScores.reduce((sum, score) => sum + (of(score).loss ?? NaN), 0);
    expect(taskScores[0]!.before.accuracy).toBeNull();
    expect(total(({ after }) => after)).toBeLessThan(0.9 * total(({ before }) => before));
    const found = Object.values(await coefficientsOf(out));
    for (const value of found.flat()) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
    }
    const distinct = new Set(found.map((own) => own.join()));
    if (taskWise) expect(distinct.size).toBe(1);
    else expect(distinct.size).toBeGreaterThan(10);
  });
});

test('a text without tokens is refused with file and line before anything is learned', async () => {
  const bad = path('bad.jsonl');
  await writeFile(bad, '{"text": "w3", "label": "no"}\n{"text": "", "label": "yes"}\n');
  const data = { uri: bad };
  const settings = { data: { uri: bad }, batching: BATCHING };
  const size = await withoutSpecialTokens(path('size'), path('bare-size'));
  await withoutSpecialTokens(path('base'), path('bare-base'));
  const twice = [modelWith(size, {}), modelWith(size, {})];
  for (const method of [{ greedy_soup: settings }, { learned_soup: settings }]) {
    await expect(run(twice, method, null)).rejects.toMatchObject({
      reason: 'TEXT_EMPTY',
      message: expect.stringMatching(/_soup\.data: bad\.jsonl:2: the text "" has no tokens/) as string,
    });
  }
  await expect(
    run(
      [{ ...input('size'), data }, input('parity')],
      { ada_merging: { budget: { steps: 1 }, batching: { max_length: 16 } } },
      'bare-base',
    ),
  ).rejects.toMatchObject({ message: expect.stringMatching(/models\[0\]\.data: bad\.jsonl:2/) as string });
});
