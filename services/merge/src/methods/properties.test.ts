import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { common, merge, methodId } from '@eigenloom/contracts';
import { type Dtype, SafetensorsFile, setThreads } from '@eigenloom/numeric';

import { planRecipe } from '../plan/plan-recipe.js';
import { mergeTensors } from '../run/merge-tensors.js';
import type { MethodInputs } from '../steps/method-facts.js';
import { casesOf, choiceOf, type Fixture, FIXTURES } from '../testing/fixtures.js';
import { contextIn, modelWith, newFolder, requestOf } from '../testing/job-context.js';
import { plus, type SyntheticTensors, writeModel, normals } from '../testing/synthetic-model.js';
import { DEFINITIONS, type ModelCase, type ModelChoice, modelMethodOf } from './index.js';

const MODES = { paper: merge.MergeMode.PAPER, mergekit: merge.MergeMode.MERGEKIT };
const WEIGHTS = [0.5, 0.2, 0.3];
/** Rows that do not divide a chunk, more than one chunk, and a vector. */
const SHAPES = { matrix: [100, 777], vector: [1001], cube: [2, 9, 16] };

let folder: string;
let base: SyntheticTensors;
let models: SyntheticTensors[];
beforeAll(async () => {
  folder = await newFolder();
  base = await normals(SHAPES, 0n, 0.1);
  models = [];
  for (const stream of [10n, 20n, 30n]) {
    const delta = await normals(SHAPES, stream, 0.03);
    models.push(
      Object.fromEntries(Object.entries(base).map(([name, tensor]) => [name, plus(tensor, delta[name]!)])),
    );
  }
  for (const dtype of ['F32', 'F16', 'BF16', 'F64'] as const) {
    await writeModel(join(folder, `base-${dtype}`), base, dtype);
    for (const [i, model] of models.entries()) await writeModel(join(folder, `m${i}-${dtype}`), model, dtype);
  }
});
afterEach(() => {
  setThreads(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Merge {
  readonly name: ModelCase;
  readonly from: readonly string[];
  readonly base: string | undefined;
  readonly mode?: keyof typeof MODES;
  readonly density?: number;
  readonly weights?: readonly number[];
  readonly shardBytes?: bigint;
  readonly seed?: bigint;
  readonly output?: merge.MergeRequest['outputDataType'];
}

let count = 0;

/** Merges folders of models and returns the shards. */
async function run(options: Merge): Promise<SafetensorsFile[]> {
  const { name, from, mode = 'paper', density, weights = WEIGHTS } = options;
  const { unweighted, prepare }: Fixture = FIXTURES[name];
  const path = (model: string): string => join(folder, model);
  const parameters = (i: number): Partial<merge.MergeInput> => ({
    weight: unweighted ? 1 : weights[i],
    density,
  });
  const request = requestOf({
    models: from.map((model, i) => modelWith(path(model), parameters(i))),
    base: options.base === undefined ? undefined : { uri: path(options.base), adapters: [] },
    mode: MODES[mode],
    seed: options.seed ?? 0n,
    maxShardBytes: options.shardBytes,
    ...(options.output === undefined ? {} : { outputDataType: options.output }),
  });
  const method = modelMethodOf(choiceOf(name) as ModelChoice);
  const plan = await planRecipe(request, method, contextIn(folder));
  const out = join(folder, `out-${(count += 1)}`);
  await mkdir(out);
  const signal = new AbortController().signal;
  const prepared = prepare && { ...(await prepare(plan, folder)), lines: [] };
  await mergeTensors(out, plan, prepared, { allowNonFinite: false, signal, onProgress: () => undefined });
  return Promise.all(plan.shards.shards.map(({ file }) => SafetensorsFile.open(join(out, file))));
}

/** Values of every tensor of a result. */
async function valuesOf(shards: readonly SafetensorsFile[]): Promise<Map<string, Float64Array>> {
  const all = new Map<string, Float64Array>();
  for (const shard of shards) {
    for (const name of shard.tensors.keys()) all.set(name, await shard.read(name, 'f64'));
  }
  return all;
}

/** A digest of all values, whatever file they are in. */
async function digestOf(options: Merge): Promise<string> {
  const hash = createHash('sha256');
  const values = await valuesOf(await run(options));
  for (const name of [...values.keys()].sort()) hash.update(name).update(values.get(name)!);
  return hash.digest('hex');
}

/** Largest difference, relative to the largest value of the tensor. */
function distance(x: Map<string, Float64Array>, y: Map<string, Float64Array>): number {
  let most = 0;
  for (const [name, values] of x) {
    const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const others = y.get(name) ?? new Float64Array();
    values.forEach((value, i) => (most = Math.max(most, Math.abs(value - (others[i] ?? NaN)) / largest)));
  }
  return most;
}

const CASES = casesOf('model').flatMap((name) =>
  (['paper', 'mergekit'] as const).map((mode) => [methodId(name), mode, name] as const),
);

describe.each(CASES)('%s (%s)', (id, mode, name) => {
  const { inputs, symmetric } = DEFINITIONS[name];
  const { minModels, maxModels = 3 }: MethodInputs = inputs;
  const number = Math.max(minModels, Math.min(maxModels, 3));
  const names = (dtype: Dtype): string[] => models.slice(0, number).map((_, i) => `m${i}-${dtype}`);
  const baseOf = (dtype: Dtype): string | undefined =>
    inputs.base === 'optional' ? undefined : `base-${dtype}`;
  const density = 0.4;

  test('a model merged with itself is that model', async () => {
    const from = names('F32').map(() => 'm0-F32');
    const self = inputs.base === 'required' ? 'm0-F32' : undefined;
    const expected = await valuesOf([
      await SafetensorsFile.open(join(folder, 'm0-F32', 'model.safetensors')),
    ]);
    expect(distance(expected, await valuesOf(await run({ name, mode, from, base: self })))).toBeLessThan(
      5e-7,
    );
    if (inputs.base === 'used') {
      const merged = await valuesOf(await run({ name, mode, from, base: 'm0-F32' }));
      expect(distance(expected, merged)).toBeLessThan(5e-7);
    }
  });

  test('the order of the models matters only where it is said to', async () => {
    const from = names('F32');
    const weights = WEIGHTS.slice(0, number);
    const options = { name, mode, base: baseOf('F32'), density };
    const forward = await valuesOf(await run({ ...options, from, weights }));
    const backward = await valuesOf(
      await run({ ...options, from: [...from].reverse(), weights: [...weights].reverse() }),
    );
    if (symmetric) expect(distance(forward, backward)).toBeLessThan(1e-6);
    else expect(distance(forward, backward)).toBeGreaterThan(1e-3);
  });

  test('the bytes do not depend on threads or shards', async () => {
    const options = { name, mode, from: names('F32'), base: baseOf('F32'), density };
    const digests: string[] = [];
    for (const threads of [1, 2, 8]) {
      setThreads(threads);
      digests.push(await digestOf(options));
    }
    digests.push(await digestOf({ ...options, shardBytes: 100_000n }));
    expect(new Set(digests).size).toBe(1);
  });

  test.each(['F32', 'F16', 'BF16', 'F64'] as const)('names, shapes and %s are kept', async (dtype) => {
    const shards = await run({ name, mode, from: names(dtype), base: baseOf(dtype), density });
    const found = shards.flatMap(({ tensors }) =>
      [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
    );
    const expected = Object.entries(SHAPES).map(([name, shape]) => ({ name, dtype, shape }));
    expect(found.sort((x, y) => (x.name < y.name ? -1 : 1))).toEqual(
      expected.sort((x, y) => (x.name < y.name ? -1 : 1)),
    );
    for (const values of (await valuesOf(shards)).values()) expect(values.every(Number.isFinite)).toBe(true);
  });

  test.each([NaN, Infinity])('%p is refused by the name of its tensor', async (value) => {
    const values = new Float32Array(1001).fill(0.5);
    values[77] = value;
    const broken = { ...models[0]!, vector: { shape: [1001], values } };
    await writeModel(join(folder, 'broken'), broken);
    const from = ['broken', ...names('F32').slice(1)];
    const merging = run({ name, mode, from, base: baseOf('F32'), density });
    await expect(merging).rejects.toMatchObject({
      reason: 'NON_FINITE_INPUT',
      details: { tensor: 'vector', count: '1', input: 'models[0]', method: id },
    });
    await rm(join(folder, 'broken'), { recursive: true });
  });

  // 7e4 in all models and in the base, where no method can make less than f16's largest number of it.
  test('a result that leaves the range of its type is refused, and not written', async () => {
    const values = models[0]!['vector']!.values.slice();
    values[77] = 7e4;
    const large = { ...models[0]!, vector: { shape: [1001], values } };
    const place = join(folder, 'large');
    for (const name of [
      'large',
      ...names('F32')
        .slice(1)
        .map((each) => `${each}-large`),
    ])
      await writeModel(join(folder, name), large);
    const from = [
      'large',
      ...names('F32')
        .slice(1)
        .map((each) => `${each}-large`),
    ];
    const options = { name, mode, from, base: baseOf('F32') === undefined ? undefined : 'large', density };
    const merging = run({ ...options, output: common.DataType.F16 });
    await expect(merging).rejects.toMatchObject({
      kind: 'NUMERIC',
      reason: 'NON_FINITE_RESULT',
      details: { tensor: 'vector', count: '1', dtype: 'F16', largest: '65504' },
    });
    expect((await readdir(join(folder, `out-${count}`))).length).toBe(0);
    await run({ ...options, output: common.DataType.BF16 });
    await rm(place, { recursive: true });
  });
});

// Elements of even position are set in the mask.
test('a graft is the model where its mask is set and the base elsewhere', async () => {
  const merged = await valuesOf(await run({ name: 'graft', from: ['m0-F32'], base: 'base-F32' }));
  for (const [name, values] of merged) {
    values.forEach((value, i) => {
      const from = i % 2 === 0 ? models[0]! : base;
      if (value !== from[name]!.values[i]) throw new Error(`element ${i} of ${name} is ${value}`);
    });
  }
});

// m1 is not kept; the others count the same.
test('a greedy soup is the mean of the models that its search kept', async () => {
  const merged = await valuesOf(
    await run({ name: 'greedySoup', from: ['m0-F32', 'm1-F32', 'm2-F32'], base: undefined }),
  );
  for (const [name, values] of merged) {
    values.forEach((value, i) => {
      const mean = (models[0]![name]!.values[i]! + models[2]![name]!.values[i]!) / 2;
      if (Math.abs(value - mean) > 1e-7) throw new Error(`element ${i} of ${name} is ${value}`);
    });
  }
});
