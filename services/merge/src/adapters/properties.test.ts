import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { type AdapterModule, readAdapter, writeAdapter } from '@eigenloom/checkpoint';
import { randomNormal, setThreads } from '@eigenloom/numeric';

import { mergeKind } from '../kind.js';
import { contextIn, modelWith, newFolder, requestOf } from '../testing/job-context.js';
import { DEFINITIONS } from '../methods/index.js';
import { casesOf, choiceOf, type Fixture, FIXTURES } from '../testing/fixtures.js';

type AdapterCase = ReturnType<typeof casesOf<'adapter'>>[number];

const WEIGHTS = [0.5, 1.2, 0.3];
const [RANK, ALPHA] = [6, 9];
const SIZES = { 'layers.0.q': [90, 70], 'layers.1.q': [90, 70], head: [5, 130] } as const;

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
  for (const index of [0, 1, 2]) await writeRandom(`a${index}`, BigInt(10 * (index + 1)));
});
afterEach(() => {
  setThreads(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function writeRandom(name: string, stream: bigint, poison?: number): Promise<void> {
  const modules = new Map<string, AdapterModule>();
  for (const [i, [path, [rows, columns]]] of Object.entries(SIZES).entries()) {
    const draw = (part: bigint, length: number): Promise<Float32Array> =>
      randomNormal({ seed: 3n, stream: 100n * stream + 2n * BigInt(i) + part, length, precision: 'f32' });
    const [a, b] = [await draw(0n, RANK * columns), await draw(1n, rows * RANK)];
    if (poison !== undefined && path === 'head') a[7] = poison;
    const shapes = { aShape: [RANK, columns], bShape: [rows, RANK] };
    modules.set(path, { kind: 'linear', a, b, ...shapes, rank: RANK, alpha: ALPHA, scaling: ALPHA / RANK });
  }
  await mkdir(join(folder, name), { recursive: true });
  const settings = {
    rank: RANK,
    alpha: ALPHA,
    rankStabilized: false,
    targetModules: ['q', 'head'],
    modulesToSave: [],
    fanInFanOut: false,
    dropout: 0,
    taskType: '',
    baseModel: '',
    initLoraWeights: true,
  };
  const written = { modules, savedTensors: new Map(), settings };
  await writeAdapter(join(folder, name), written, { allowNonFinite: poison !== undefined });
}

let count = 0;

interface Merge {
  readonly name: AdapterCase;
  readonly from: readonly number[];
  readonly weights?: readonly number[];
  readonly parameters?: object | undefined;
}

async function run({ name, from, weights = WEIGHTS, parameters }: Merge): Promise<string> {
  const { unweighted }: Fixture = FIXTURES[name];
  const request = requestOf({
    outputUri: join(folder, `out-${(count += 1)}`),
    models: from.map((index, i) =>
      modelWith(join(folder, `a${index}`), { weight: unweighted ? 1 : weights[i] }),
    ),
    method: { kind: choiceOf(name, parameters) },
  });
  await mergeKind.run(request, contextIn(folder));
  return request.outputUri;
}

/** scaling·B·A of all modules. */
async function products(path: string): Promise<Float64Array> {
  const all: number[] = [];
  for (const { a, b, rank, scaling, aShape, bShape } of (await readAdapter(path)).modules.values()) {
    const [rows = 0, columns = 0] = [bShape[0], aShape[1]];
    for (let i = 0; i < rows; i += 1) {
      for (let j = 0; j < columns; j += 1) {
        let sum = 0;
        for (let k = 0; k < rank; k += 1) sum += (b[i * rank + k] ?? 0) * (a[k * columns + j] ?? 0);
        all.push(scaling * sum);
      }
    }
  }
  return Float64Array.from(all);
}

function distance(x: Float64Array, y: Float64Array): number {
  const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return x.reduce((most, value, i) => Math.max(most, Math.abs(value - (y[i] ?? NaN))), 0) / largest;
}

describe.each(casesOf('adapter'))('%s', (name) => {
  const { symmetric } = DEFINITIONS[name];

  test('one adapter of weight 1 is itself', async () => {
    const merged = await run({ name, from: [1], weights: [1], parameters: FIXTURES[name].whole });
    expect(distance(await products(join(folder, 'a1')), await products(merged))).toBeLessThan(1e-6);
  });

  test('the order of the adapters matters only where it is said to', async () => {
    const forward = await products(await run({ name, from: [0, 1, 2] }));
    const backward = await products(await run({ name, from: [2, 1, 0], weights: [...WEIGHTS].reverse() }));
    if (symmetric) expect(distance(forward, backward)).toBeLessThan(2e-6);
    else expect(distance(forward, backward)).toBeGreaterThan(1e-3);
  });

  test('the bytes do not depend on threads', async () => {
    const digests = new Set<string>();
    for (const threads of [1, 2, 8]) {
      setThreads(threads);
      const bytes = await readFile(join(await run({ name, from: [0, 1, 2] }), 'adapter_model.safetensors'));
      digests.add(createHash('sha256').update(bytes).digest('hex'));
    }
    expect(digests.size).toBe(1);
  });

  test('names and sizes of the modules are kept, and every value is finite', async () => {
    const { modules } = await readAdapter(await run({ name, from: [0, 1, 2] }));
    expect([...modules].map(([name, { aShape, bShape }]) => [name, bShape[0], aShape[1]])).toEqual(
      Object.entries(SIZES)
        .map(([name, sizes]) => [name, ...sizes])
        .sort(([x], [y]) => (String(x) < String(y) ? -1 : 1)),
    );
    for (const { a, b } of modules.values()) expect([...a, ...b].every(Number.isFinite)).toBe(true);
  });

  test.each([NaN, Infinity])('%p is refused by the name of its tensor', async (value) => {
    await rm(join(folder, 'a9'), { recursive: true, force: true });
    await writeRandom('a9', 4n, value);
    await expect(run({ name, from: [0, 9] })).rejects.toMatchObject({
      reason: 'NON_FINITE_INPUT',
      details: { tensor: 'base_model.model.head.lora_A.weight', count: '1', input: 'models[1]' },
    });
  });
});
