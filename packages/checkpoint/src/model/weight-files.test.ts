import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { newFolder, writeVectors } from '../testing/safetensors-bytes.js';
import { openModel } from './open-model.js';

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const index = (map: unknown): Promise<void> =>
  writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
const shard = (name: string, value: number): Promise<void> =>
  writeVectors(join(folder, name), { w: [value] });
const read = async (): Promise<number | undefined> => {
  const model = await openModel(folder);
  return (await model.read('w', 'f32'))[0];
};

const NOTE = 'model.safetensors.index.json and its shards are not read, because model.safetensors is there';

// transformers 5.23, modeling_utils._get_resolved_checkpoint_files: the single file, else the index, else pickles.
test.each<[string, () => Promise<void>]>([
  ['shards and an index', () => shard('model-00001-of-00001.safetensors', 2)],
  ['an index whose shards are absent', () => Promise.resolve()],
])('a single file beside %s is read, with a note', async (_what, make) => {
  await shard('model.safetensors', 1);
  await make();
  await index({ w: 'model-00001-of-00001.safetensors' });
  expect(await read()).toBe(1);
  expect((await openModel(folder)).notes).toEqual([NOTE]);
});

test('a broken index beside a single file is not looked at', async () => {
  await shard('model.safetensors', 1);
  await writeFile(join(folder, 'model.safetensors.index.json'), '{');
  expect(await read()).toBe(1);
});

test('an index that names the single file is one set of weights with it', async () => {
  await writeVectors(join(folder, 'model.safetensors'), { w: [1] });
  await writeVectors(join(folder, 'more.safetensors'), { v: [2] });
  await index({ w: 'model.safetensors', v: 'more.safetensors' });
  const model = await openModel(folder);
  expect([...model.tensors.keys()]).toEqual(['w', 'v']);
  expect(model.notes).toEqual([]);
});

test('pickles, variants and Mistral’s own file beside a model are not read', async () => {
  await shard('model.safetensors', 1);
  await shard('model.fp16.safetensors', 2);
  await shard('consolidated.safetensors', 3);
  await writeFile(join(folder, 'pytorch_model.bin'), 'x');
  expect(await read()).toBe(1);
});

test('an adapter beside a model is not folded in, with a note', async () => {
  await shard('model.safetensors', 1);
  await shard('adapter_model.safetensors', 2);
  expect(await read()).toBe(1);
  expect((await openModel(folder)).notes).toEqual([
    "adapter_model.safetensors beside the model's weights is not folded in; name the folder under adapters for that",
  ]);
});

test.each<[string, readonly string[], string, RegExp]>([
  ['nothing', [], 'NO_WEIGHTS', /; it is empty$/],
  [
    'an adapter',
    ['adapter_config.json', 'adapter_model.safetensors'],
    'NO_WEIGHTS',
    /adapter.*BASE\+ADAPTER/,
  ],
  ['an adapter as a pickle', ['adapter_config.json', 'adapter_model.bin'], 'NO_WEIGHTS', /holds an adapter/],
  ['GGUF', ['model-q4.gguf', 'config.json'], 'NO_WEIGHTS', /model-q4\.gguf: GGUF/],
  ['a pickle', ['pytorch_model.bin'], 'PICKLE_REFUSED', /pytorch_model\.bin: is a pickle/],
  ['pickled shards', ['pytorch_model-00001-of-00002.bin'], 'PICKLE_REFUSED', /00001-of-00002\.bin/],
  ['a pickled variant', ['pytorch_model.fp16.bin'], 'PICKLE_REFUSED', /fp16\.bin/],
  ['shards without an index', ['model-00001-of-00002.safetensors'], 'NO_WEIGHTS', /without their index/],
  ['Mistral’s file', ['consolidated.safetensors', 'params.json'], 'NO_WEIGHTS', /Mistral's own/],
  ['a variant', ['model.fp16.safetensors'], 'NO_WEIGHTS', /model\.fp16\.safetensors: name that file/],
  ['diffusers', ['model_index.json', 'unet/config.json'], 'NO_WEIGHTS', /diffusers pipeline/],
  ['TensorFlow', ['tf_model.h5'], 'NO_WEIGHTS', /tf_model\.h5: weights of TensorFlow/],
  ['Flax', ['flax_model.msgpack'], 'NO_WEIGHTS', /Flax/],
  ['ONNX', ['model.onnx'], 'NO_WEIGHTS', /ONNX/],
  ['a tokenizer', ['tokenizer.json', 'vocab.txt'], 'NO_WEIGHTS', /; it holds a tokenizer only$/],
  ['a config', ['config.json', 'tokenizer.json'], 'NO_WEIGHTS', /a config without weights/],
  ['a run', ['checkpoint-10/model.safetensors'], 'NO_WEIGHTS', /its folder checkpoint-10 has/],
  ['a cache', ['refs/main', 'snapshots/ab/model.safetensors'], 'NO_WEIGHTS', /its folder snapshots\/ab has/],
])('a folder that holds %s says so', async (_what, files, reason, message) => {
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), 'x');
  }
  await expect(openModel(folder)).rejects.toMatchObject({
    reason,
    message: expect.stringMatching(message) as string,
  });
});

test.each<[string, string, RegExp]>([
  ['a GGUF file', 'GGUF\x03\x00\x00\x00\x00\x00', /is a GGUF file/],
  ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\n', /git lfs pull/],
  ['a web page', '<!DOCTYPE html><html></html>', /is a web page/],
  ['JSON', '{"weight_map": {}}', /is JSON; name the folder/],
])('%s under the name of the weights says what it is', async (_what, content, message) => {
  await writeFile(join(folder, 'model.safetensors'), content);
  await expect(openModel(folder)).rejects.toMatchObject({
    reason: 'CORRUPT_SAFETENSORS',
    message: expect.stringMatching(message) as string,
    details: { fault: 'OTHER_FORMAT', file: 'model.safetensors' },
  });
});
