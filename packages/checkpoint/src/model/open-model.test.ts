import { mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { newFolder, writeVectors } from '../testing/safetensors-bytes.js';
import { openModel } from './open-model.js';
import { writeModel } from './write-model.js';

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const index = (weightMap: Record<string, unknown>): Promise<void> =>
  writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));

const twoShards = async (): Promise<void> => {
  await writeVectors(join(folder, 'x-1.safetensors'), { a: [1, 2], b: [3] });
  await writeVectors(join(folder, 'x-2.safetensors'), { c: [NaN, Infinity, 5] });
};

test('shards make one model', async () => {
  await twoShards();
  await index({ a: 'x-1.safetensors', b: 'x-1.safetensors', c: 'x-2.safetensors' });
  const model = await openModel(folder);
  expect([...model.tensors.keys()]).toEqual(['a', 'b', 'c']);
  expect(await model.read('b', 'f32')).toEqual(Float32Array.of(3));
  expect(await model.countNonFinite('c')).toBe(2);
  await expect(model.read('d', 'f32')).rejects.toMatchObject({ reason: 'UNKNOWN_TENSOR' });
});

test.each(['../x.safetensors', '/etc/passwd', 'sub/x.safetensors', '..', 'a\\b', 'x\0'])(
  'a shard named %j is refused',
  async (name) => {
    await index({ a: name });
    await expect(openModel(folder)).rejects.toMatchObject({ reason: 'UNSAFE_FILE_NAME' });
  },
);

test('a shard that is a link out of the folder is refused', async () => {
  const outside = await newFolder();
  await writeVectors(join(outside, 'x.safetensors'), { a: [1] });
  await symlink(join(outside, 'x.safetensors'), join(folder, 'x.safetensors'));
  await index({ a: 'x.safetensors' });
  await expect(openModel(folder)).rejects.toMatchObject({ reason: 'UNSAFE_FILE_NAME' });
  await rm(outside, { recursive: true });
});

test.each<[string, Record<string, unknown>]>([
  [
    'names a tensor that its shard lacks',
    { a: 'x-1.safetensors', b: 'x-1.safetensors', c: 'x-1.safetensors' },
  ],
  ['leaves a tensor out', { a: 'x-1.safetensors', c: 'x-2.safetensors' }],
  ['maps to something else', { a: 1 }],
])('an index that %s is refused', async (_what, map) => {
  await twoShards();
  await index(map);
  await expect(openModel(folder)).rejects.toMatchObject({ reason: 'CORRUPT_SHARD_INDEX' });
});

test('a tensor in two shards is refused', async () => {
  await writeVectors(join(folder, '1.safetensors'), { a: [1] });
  await writeVectors(join(folder, '2.safetensors'), { a: [1], b: [1] });
  await index({ a: '1.safetensors', b: '2.safetensors' });
  await expect(openModel(folder)).rejects.toMatchObject({ reason: 'CORRUPT_SHARD_INDEX' });
});

test('a missing shard is named', async () => {
  await index({ a: 'x.safetensors' });
  await expect(openModel(folder)).rejects.toMatchObject({
    reason: 'FILE_NOT_FOUND',
    message: '"x.safetensors": does not exist',
  });
});

test.each([
  ['pickle', Buffer.from([0x80, 0x02, 0x7d, 0x71, 0x00, 0x2e, 0, 0, 0, 0])],
  ['pickle of protocol 5', Buffer.from([0x80, 0x05, 0x95, 0x0b, 0, 0, 0, 0, 0, 0])],
  ['zip archive', Buffer.from('PK\x03\x04\x00\x00\x08\x08\x00\x00')],
])('a %s under another name is refused', async (_what, bytes) => {
  await writeFile(join(folder, 'model.safetensors'), bytes);
  await expect(openModel(folder)).rejects.toMatchObject({ reason: 'PICKLE_REFUSED' });
});

test('a safetensors file that begins like a pickle is read', async () => {
  // The length of the header is 0x0280, so the file begins with 80 02.
  const header = '{"__metadata__":{}}'.padEnd(0x280, ' ');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  await writeFile(join(folder, 'model.safetensors'), Buffer.concat([length, Buffer.from(header)]));
  expect((await openModel(folder)).tensors.size).toBe(0);
});

test('a folder with pickles only says so', async () => {
  await writeFile(join(folder, 'pytorch_model.bin'), 'x');
  await expect(openModel(folder)).rejects.toMatchObject({ reason: 'PICKLE_REFUSED' });
  await rm(join(folder, 'pytorch_model.bin'));
  await expect(openModel(folder)).rejects.toMatchObject({ reason: 'NO_WEIGHTS' });
});

test('keys that would run code are reported and not written', async () => {
  await writeVectors(join(folder, 'model.safetensors'), { a: [1] });
  await writeFile(join(folder, 'config.json'), '{"auto_map":{"AutoModel":"m.M"},"hidden_size":2}');
  await writeFile(join(folder, 'tokenizer_config.json'), '{"auto_map":{}}');
  const model = await openModel(folder);
  expect(model.ignored).toEqual(['config.json: auto_map', 'tokenizer_config.json: auto_map']);
  const out = join(folder, 'out');
  await mkdir(out);
  await writeModel(out, { like: model });
  expect((await openModel(out)).config).toEqual({ hidden_size: 2 });
});

test('a model keeps its bytes and files through shards', async () => {
  await writeVectors(join(folder, 'model.safetensors'), { a: [1, 2], b: [3], c: [4, 5, 6] });
  await writeFile(join(folder, 'vocab.txt'), 'w');
  await writeFile(join(folder, 'evil.py'), 'x');
  const model = await openModel(folder);
  const out = join(folder, 'out');
  await mkdir(out);
  await writeModel(out, { like: model, maxShardBytes: 12 });
  const copy = await openModel(out);
  expect([...copy.weightFiles.keys()]).toEqual([
    'model-00001-of-00002.safetensors',
    'model-00002-of-00002.safetensors',
  ]);
  expect(copy.carriedFiles).toEqual(['vocab.txt']);
  for (const name of model.tensors.keys()) {
    expect(await copy.readRaw(name)).toEqual(await model.readRaw(name));
  }
});

test('what a model is loaded with beside its weights goes along, in folders too', async () => {
  const files = [
    ...[
      '1_Pooling/config.json',
      '2_Dense/config.json',
      '2_Dense/model.safetensors',
      '3_Normalize/config.json',
    ],
    ...['additional_chat_templates/tool_use.jinja', 'modules.json', 'processor_config.json', 'spm.model'],
  ];
  const others = [
    ...['2_Dense/pytorch_model.bin', '0_Other/config.json', 'checkpoint-10/config.json'],
    ...['additional_chat_templates/x.py', 'training_args.bin'],
  ];
  await writeVectors(join(folder, 'model.safetensors'), { a: [1] });
  for (const name of [...files, ...others]) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), `content of ${name}`);
  }
  const model = await openModel(folder);
  const out = join(folder, 'out');
  await mkdir(out);
  await writeModel(out, { like: model });
  const written = await readdir(out, { recursive: true, withFileTypes: true });
  const names = written
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(out, join(parentPath, name)));
  expect(names.sort()).toEqual([...files, 'model.safetensors'].sort());
  const dense = '2_Dense/model.safetensors';
  expect(await readFile(join(out, dense), 'utf8')).toBe(`content of ${dense}`);
});

test('a tokenizer file that is a pickle is not carried over', async () => {
  await writeVectors(join(folder, 'model.safetensors'), { a: [1] });
  await writeFile(join(folder, 'tokenizer.model'), Buffer.from([0x80, 0x04, 0x95, 0, 0, 0, 0, 0, 0, 0]));
  const out = join(folder, 'out');
  await mkdir(out);
  await expect(writeModel(out, { like: await openModel(folder) })).rejects.toMatchObject({
    reason: 'PICKLE_REFUSED',
  });
});

test('cancelling a read stops it', async () => {
  await writeVectors(join(folder, 'model.safetensors'), { a: [1] });
  const model = await openModel(folder);
  const signal = AbortSignal.abort();
  await expect(model.read('a', 'f32', { signal })).rejects.toMatchObject({ kind: 'CANCELLED' });
});
