import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { AdapterKind } from '../adapter/adapter-kind.js';
import { golden, newFolder } from '../testing/safetensors-bytes.js';
import { openModel } from './open-model.js';

const NAME = 'model.norm.weight';
const NONE = new Map<string, never>();
/** A kind that doubles one tensor. */
const doubling: AdapterKind = {
  recognises: ({ peft_type: type }) => type === 'DOUBLING',
  fold: (_directory, { tensors }) =>
    Promise.resolve({
      folds: new Map(tensors.has(NAME) ? [[NAME, { apply: (values) => values.map((x) => 2 * x) }]] : []),
      ...{ own: NONE, copied: NONE, written: NONE },
    }),
};

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
  await writeFile(join(folder, 'adapter_config.json'), JSON.stringify({ peft_type: 'DOUBLING' }));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('kinds of adapters that are handed in are folded when a tensor is read', async () => {
  const base = await openModel(golden('base'));
  const lora = golden('adapters/lora');
  const folded = await openModel(golden('base'), { adapters: [folder, lora, folder], kinds: [doubling] });
  const expected = (await base.read(NAME, 'f64')).map((x) => 4 * x);
  expect(await folded.read(NAME, 'f64')).toEqual(expected);
  expect(await folded.read(NAME, 'f32')).toEqual(Float32Array.from(expected));
  expect(await folded.readRaw(NAME)).toBeUndefined();
  const query = 'model.layers.0.self_attn.q_proj.weight';
  const withLora = await openModel(golden('base'), { adapters: [lora] });
  expect(await folded.read(query, 'f32')).toEqual(await withLora.read(query, 'f32'));
  expect(folded.source(query).pairs).toHaveLength(1);
});

test('a tensor that is changed by more than pairs is streamed from a file, once there is one', async () => {
  const folded = await openModel(golden('base'), { adapters: [folder], kinds: [doubling] });
  const { shape } = folded.tensors.get(NAME)!;
  expect(folded.dense?.plans).toEqual([{ name: NAME, dtype: 'F32', shape }]);
  expect(() => folded.source(NAME)).toThrow('before its adapters are folded');
  const path = join(folder, 'folded.safetensors');
  const heard: number[][] = [];
  await folded.dense?.write(path, { onTensor: (...counts) => heard.push(counts) });
  expect(heard).toEqual([[1, 1]]);
  const exact = await folded.read(NAME, 'f64');
  await folded.dense?.open(path);
  expect(folded.dense?.path).toBe(path);
  const { file, pairs, derived } = folded.source(NAME);
  expect([file.path, pairs, derived]).toEqual([path, [], true]);
  expect(await file.read(NAME, 'f32')).toEqual(Float32Array.from(exact));
  expect(await folded.read(NAME, 'f32')).toEqual(Float32Array.from(exact));
  expect(await folded.read(NAME, 'f64')).toEqual(exact);
  // What only pairs change comes from the model.
  expect(folded.source('model.embed_tokens.weight').derived).toBeUndefined();
});

test('a file of another model is not taken for that of the folded tensors', async () => {
  const folded = await openModel(golden('base'), { adapters: [folder], kinds: [doubling] });
  const other = join(golden('adapters/lora'), 'adapter_model.safetensors');
  await expect(folded.dense?.open(other)).rejects.toThrow(NAME);
});

test('a model that pairs alone change has nothing to fold', async () => {
  const folded = await openModel(golden('base'), { adapters: [golden('adapters/lora')], kinds: [doubling] });
  expect(folded.dense).toBeUndefined();
});

test('a kind that nobody hands in is refused by its name', async () => {
  await expect(openModel(golden('base'), { adapters: [folder] })).rejects.toMatchObject({
    reason: 'UNSUPPORTED_ADAPTER',
    message: expect.stringContaining('"DOUBLING"') as string,
  });
});
