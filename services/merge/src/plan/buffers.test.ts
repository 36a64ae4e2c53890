import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Model, openModel } from '@eigenloom/checkpoint';
import { common, merge } from '@eigenloom/contracts';

import { mergeKind } from '../kind.js';
import { preparedTensors } from '../run/merge-tensors.js';
import { contextIn, model, newFolder, requestOf } from '../testing/job-context.js';
import { methodFromJson } from '../testing/method-from-json.js';
import { type TinyTensors, writeTinyModel } from '../testing/tiny-model.js';
import { planRecipe } from './plan-recipe.js';

let folder: string;
let runs = 0;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (name: string, tensors: TinyTensors): Promise<string> =>
  writeTinyModel(join(folder, name), tensors);
const methodOf = (json: object): Pick<merge.MergeRequest, 'method'> => ({
  method: merge.MergeMethod.fromJSON(json),
});

interface Made {
  readonly model: Model;
  readonly notes: readonly string[];
  readonly card: string;
}

async function made(fields: Partial<merge.MergeRequest>): Promise<Made> {
  const request = requestOf({ ...fields, outputUri: join(folder, `out-${(runs += 1)}`) });
  const context = {
    ...contextIn(folder),
    resolve: (uri: string) => Promise.resolve(uri.startsWith('/') ? uri : join(folder, uri)),
  };
  await mergeKind.validate(request, context);
  const { notes } = await mergeKind.estimate(request, context);
  await mergeKind.run(request, context);
  return {
    model: await openModel(request.outputUri),
    notes,
    card: await readFile(join(request.outputUri, 'README.md'), 'utf8'),
  };
}

const valueOf = async ({ model }: Made, name: string): Promise<number | undefined> =>
  (await model.read(name, 'f64'))[0];

const IDS = { value: 5, dtype: 'I64', shape: [1, 2] } as const;

test('a buffer of the first model is copied, whatever the others have', async () => {
  const models = [
    await write('a', { w: 1, 'embeddings.position_ids': IDS, 'rotary_emb.inv_freq': 2 }),
    await write('b', { w: 3, 'rotary_emb.inv_freq': { value: 7, shape: [4] } }),
    await write('c', { w: 5, 'embeddings.position_ids': { ...IDS, value: 6 } }),
  ];
  const result = await made({ models: models.map((path) => model(path)), ...methodOf({ linear: {} }) });
  expect(await valueOf(result, 'w')).toBe(3);
  expect(await valueOf(result, 'embeddings.position_ids')).toBe(5);
  expect(await valueOf(result, 'rotary_emb.inv_freq')).toBe(2);
  expect(result.notes).toEqual([
    '2 tensors are copied from models[0], because training changes no buffers ("embeddings.position_ids", "rotary_emb.inv_freq")',
  ]);
});

test('a buffer that the first model lacks is left out, with a note', async () => {
  const models = [
    await write('a', { w: 1 }),
    await write('b', {
      w: 3,
      'embeddings.position_ids': IDS,
      'h.0.attn.bias': { value: 1, shape: [1, 1, 2, 2] },
    }),
  ];
  const result = await made({ models: models.map((path) => model(path)), ...methodOf({ linear: {} }) });
  expect([...result.model.tensors.keys()]).toEqual(['w']);
  const note =
    'Buffers that only some of the models have are left out: "embeddings.position_ids" of models[1], "h.0.attn.bias" of models[1]';
  expect(result.notes).toEqual([note]);
  expect(result.card).toContain(`${note}.`);
});

test('task vectors: the buffers are the base’s, and a request for another type leaves them alone', async () => {
  const base = await write('base', { w: 1, inv_freq: 2 });
  const tuned = await write('tuned', { w: 3, 'embeddings.position_ids': IDS });
  const result = await made({
    base: { uri: base, adapters: [] },
    models: [model(tuned)],
    outputDataType: common.DataType.BF16,
    ...methodOf({ task_arithmetic: {} }),
  });
  expect(result.model.tensors.get('w')?.dtype).toBe('BF16');
  expect(result.model.tensors.get('inv_freq')?.dtype).toBe('F32');
  expect(result.model.tensors.has('embeddings.position_ids')).toBe(false);
  expect(await valueOf(result, 'inv_freq')).toBe(2);
});

test('names of a full model mean the same buffer', async () => {
  const models = [
    await write('a', { 'encoder.w': 1, 'embeddings.position_ids': IDS }),
    await write('b', { 'bert.encoder.w': 3, 'bert.embeddings.position_ids': IDS }),
  ];
  const { notes, model: result } = await made({
    models: models.map((path) => model(path)),
    ...methodOf({ linear: {} }),
  });
  expect(new Set(result.tensors.keys())).toEqual(new Set(['encoder.w', 'embeddings.position_ids']));
  expect(notes.join()).not.toContain('left out');
});

test('batch norm’s statistics are averaged, its counter is not compared', async () => {
  const of = (value: number): TinyTensors => ({
    'bn.running_mean': value,
    'bn.num_batches_tracked': { value, dtype: 'I64', shape: [] },
  });
  const models = [await write('a', of(1)), await write('b', of(3))];
  const result = await made({ models: models.map((path) => model(path)), ...methodOf({ linear: {} }) });
  expect(await valueOf(result, 'bn.running_mean')).toBe(2);
  expect(await valueOf(result, 'bn.num_batches_tracked')).toBe(1);
});

test('a soup that leaves the first model out keeps its buffers', async () => {
  const models = [await write('a', { w: 1, inv_freq: 2 }), await write('b', { w: 3, inv_freq: 4 })];
  const request = requestOf({ models: models.map((path) => model(path)) });
  const plan = await planRecipe(request, methodFromJson({ linear: {} }), contextIn(folder));
  const kept = preparedTensors(plan, { kept: [1], lines: [] });
  expect(kept.get('w')?.sources.map(({ input }) => input.label)).toEqual(['models[1]']);
  expect(kept.get('inv_freq')?.sources.map(({ input }) => input.label)).toEqual(['models[0]']);
});

const layers = (value: number, buffer: boolean): TinyTensors =>
  Object.fromEntries(
    [0, 1].flatMap((layer): [string, TinyTensors[string]][] => [
      [`model.layers.${layer}.self_attn.q_proj.weight`, value + 10 * layer],
      ...(buffer ? [[`model.layers.${layer}.self_attn.rotary_emb.inv_freq`, value] as [string, number]] : []),
    ]),
  );

test('mergekit: buffers in and outside the layers, also where a method needs the base', async () => {
  await write('a', { ...layers(1, true), 'embeddings.position_ids': IDS });
  await write('b', layers(3, false));
  const ties = `merge_method: ties
base_model: a
models:
  - {model: b, parameters: {weight: 1, density: 1}}
`;
  const result = await made({ mergekit: { config: ties } });
  expect(await valueOf(result, 'model.layers.1.self_attn.rotary_emb.inv_freq')).toBe(1);
  expect(await valueOf(result, 'model.layers.1.self_attn.q_proj.weight')).toBe(13);
  expect(await valueOf(result, 'embeddings.position_ids')).toBe(5);
  // A parameter that is said of weights only is not missed for a buffer.
  const slerp = `merge_method: slerp
base_model: b
slices:
  - sources: [{model: b, layer_range: [0, 2]}, {model: a, layer_range: [0, 2]}]
parameters: {t: 0.5}
`;
  const { model: other, notes } = await made({ mergekit: { config: slerp } });
  expect([...other.tensors.keys()].filter((name) => !name.endsWith('weight'))).toEqual([]);
  expect(notes.join()).toContain(
    'Buffers that only some of the models have are left out: "embeddings.position_ids" of mergekit.slices[0].sources[1]',
  );
});

test('slices carry the buffers of their layers', async () => {
  await write('a', layers(1, true));
  const passthrough = `merge_method: passthrough
slices:
  - sources: [{model: a, layer_range: [1, 2]}]
  - sources: [{model: a, layer_range: [0, 1]}]
`;
  const result = await made({ mergekit: { config: passthrough } });
  expect(await valueOf(result, 'model.layers.0.self_attn.rotary_emb.inv_freq')).toBe(1);
  expect(await valueOf(result, 'model.layers.0.self_attn.q_proj.weight')).toBe(11);
});
