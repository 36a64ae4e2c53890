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

test('a tensor that is changed by more than pairs cannot be streamed', async () => {
  const folded = await openModel(golden('base'), { adapters: [folder], kinds: [doubling] });
  expect(() => folded.source(NAME)).toThrow(
    expect.objectContaining({ reason: 'ADAPTER_NOT_STREAMED' }) as Error,
  );
});

test('a kind that nobody hands in is refused by its name', async () => {
  await expect(openModel(golden('base'), { adapters: [folder] })).rejects.toMatchObject({
    reason: 'UNSUPPORTED_ADAPTER',
    message: expect.stringContaining('"DOUBLING"') as string,
  });
});
