import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openModel, writeModel } from '@eigenloom/checkpoint';
import { merge } from '@eigenloom/contracts';
import { setBackend } from '@eigenloom/engine';
import { SafetensorsFile, SafetensorsWriter } from '@eigenloom/numeric';

import { mergeKind } from '../../kind.js';
import { packMask } from '../../plan/mask-files.js';
import { contextIn, modelWith, newFolder, requestOf } from '../../testing/job-context.js';
import { trainTinyModel, writeTinyBase, writeTinyData } from '../../testing/tiny-tasks.js';
import { largestChanges } from './largest-changes.js';
import { maskOverlap } from './mask-overlap.js';
import { type TaskScore, taskScoresOf } from '../../testing/reports.js';

let folder: string;
const path = (name: string): string => join(folder, name);
beforeAll(async () => {
  await setBackend('native');
  folder = await newFolder();
  const base = await writeTinyBase(path('base'));
  await trainTinyModel(base, path('size'), { task: 'size', steps: 60 });
  await writeTinyData(folder, 'size', 96, 5000);
  await writeTinyData(folder, 'size', 64, 9000);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const dataOf = (name: string): merge.MergeInput['data'] => ({
  uri: path(`size-${name}.jsonl`),
});

let count = 0;
interface Grafted extends Pick<merge.MergeResponse, 'metrics'> {
  readonly out: string;
  readonly taskScores: readonly TaskScore[];
}

async function graft(
  model: string,
  {
    budget = {},
    batching = {},
    ...settings
  }: { budget?: object; batching?: object; [name: string]: unknown },
): Promise<Grafted> {
  const out = path(`out-${(count += 1)}`);
  const request = requestOf({
    models: [modelWith(path(model), { data: dataOf('96-5000') })],
    base: { uri: path('base'), adapters: [] },
    outputUri: out,
    method: merge.MergeMethod.fromJSON({
      graft: { batching: { max_length: 16, ...batching }, budget, ...settings },
    }),
  });
  const context = contextIn(folder);
  await mergeKind.validate(request, context);
  const { metrics } = await mergeKind.run(request, context);
  return { metrics, out, taskScores: await taskScoresOf(out) };
}

/** For each tensor of a model, its values there, in the base and in the fine-tuned model. */
async function compare(
  out: string,
  model: string,
): Promise<{ name: string; own: Float32Array; base: Float32Array; tuned: Float32Array }[]> {
  const [result, base, tuned] = await Promise.all(
    [out, path('base'), path(model)].map((at) => openModel(at)),
  );
  return Promise.all(
    [...base!.tensors.keys()].map(async (name) => ({
      name,
      own: await result!.read(name, 'f32'),
      base: await base!.read(name, 'f32'),
      tuned: await tuned!.read(name, 'f32'),
    })),
  );
}

/** Everything of the base but this many large changes in matrices, and small ones in all other elements of these. */
async function writeSparse(changes: number): Promise<{ total: number }> {
  const [base, tuned] = [await openModel(path('base')), await openModel(path('size'))];
  let total = 0;
  await writeModel(path('sparse'), {
    like: tuned,
    read: async ({ name }) => {
      const own = await tuned.read(name, 'f32');
      if (!base.tensors.has(name)) return own;
      const from = await base.read(name, 'f32');
      if (!name.endsWith('dense.weight') || name.includes('pooler')) return from;
      return from.map((value, i) => {
        const large = i % Math.floor(own.length / changes) === 0;
        if (large) total += 1;
        return value + (large ? 1 : 1e-4) * (i % 2 === 0 ? 1 : -1);
      });
    },
  });
  return { total };
}

test('a mask of the largest changes is exact over tensors, ties go to the earlier', () => {
  const reference = (length: number): Float32Array => new Float32Array(length);
  const changes = [
    { reference: reference(5), model: Float32Array.of(0.5, -3, 0, 0.25, -0.5) },
    { reference: reference(3), model: Float32Array.of(0.5, 2, 1e-30) },
  ];
  const chosen = (number: number): number[][] => largestChanges(changes, number).map((mask) => [...mask]);
  expect(chosen(2)).toEqual([
    [0, 1, 0, 0, 0],
    [0, 1, 0],
  ]);
  expect(chosen(4)).toEqual([
    [1, 1, 0, 0, 1],
    [0, 1, 0],
  ]);
  expect(chosen(6)).toEqual([
    [1, 1, 0, 1, 1],
    [1, 1, 0],
  ]);
  expect(chosen(7)).toEqual([
    [1, 1, 0, 1, 1],
    [1, 1, 1],
  ]);
  // The rest did not change.
  expect(chosen(8)).toEqual(chosen(7));
  expect(chosen(0)).toEqual([
    [0, 0, 0, 0, 0],
    [0, 0, 0],
  ]);
});

test('a mask of random changes is that of a sort', () => {
  const model = Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i * i) * 10 ** (i % 7));
  const [mask] = largestChanges([{ reference: new Float32Array(5000), model }], 777);
  const cut = [...model].map(Math.abs).sort((x, y) => y - x)[776]!;
  expect([...mask!]).toEqual([...model].map((value) => (Math.abs(value) >= cut ? 1 : 0)));
});

test('a sparse change is recovered exactly, to the bit', async () => {
  await (await import('node:fs/promises')).mkdir(path('sparse'));
  const { total } = await writeSparse(6);
  const base = await openModel(path('base'));
  const elements = [...base.tensors.values()].reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
  const sparsity = (total + 0.5) / elements;
  const { out, metrics } = await graft('sparse', { sparsity, budget: { steps: 0 } });
  expect(metrics).toMatchObject({ grafted_elements: total, elements });
  let taken = 0;
  for (const { own, base: from, tuned } of await compare(out, 'sparse')) {
    own.forEach((value, i) => {
      const large = Math.abs(tuned[i]! - from[i]!) > 0.5;
      if (large) taken += 1;
      expect(value).toBe(large ? tuned[i] : from[i]);
    });
  }
  expect(taken).toBe(total);
});

test('a graft of a trained model keeps its gain, and every element is of the one or the other', async () => {
  const { out, metrics, taskScores } = await graft('size', {
    sparsity: 0.2,
    batching: { batch_size: 16 },
    budget: { steps: 6, learning_rate: 1e6 },
    validation: dataOf('64-9000'),
  });
  expect(taskScores).toHaveLength(2);
  const [train, validation] = taskScores;
  expect(train!.alone.accuracy).toBeGreaterThan(0.95);
  const gain =
    (validation!.after.accuracy! - validation!.before.accuracy!) /
    (validation!.alone.accuracy! - validation!.before.accuracy!);
  expect(metrics['kept_gain']).toBeCloseTo(gain, 12);
  expect(gain).toBeGreaterThan(0.5);
  let taken = 0;
  for (const { own, base, tuned } of await compare(out, 'size')) {
    own.forEach((value, i) => {
      expect(value === base[i] || value === tuned[i]).toBe(true);
      if (value !== base[i]) taken += 1;
    });
  }
  expect(taken).toBe(metrics['grafted_elements']);
});

test('descent on the mask lowers the loss below that of the largest changes', async () => {
  const settings = { sparsity: 0.02, batching: { batch_size: 96 } };
  const largest = await graft('size', { ...settings, budget: { steps: 0, learning_rate: 1e8 } });
  const learned = await graft('size', { ...settings, budget: { steps: 10, learning_rate: 1e8 } });
  expect(learned.taskScores[0]!.after.accuracy).toBeGreaterThan(largest.taskScores[0]!.after.accuracy!);
});

test('the overlap of two masks is counted', async () => {
  const write = async (name: string, bits: number[]): Promise<SafetensorsFile> => {
    const writer = await SafetensorsWriter.create(path(name), [{ name: 'x', dtype: 'U8', shape: [2] }]);
    await writer.write('x', packMask(Uint8Array.from(bits)));
    await writer.finish();
    return SafetensorsFile.open(path(name));
  };
  const [first, second] = [
    await write('a', [1, 1, 0, 0, 1, 0, 0, 0, 1, 0]),
    await write('b', [0, 1, 0, 1, 1, 1, 0, 0, 1, 1]),
  ];
  expect(await maskOverlap(first, second)).toEqual({ first: 4, second: 6, both: 3 });
});
