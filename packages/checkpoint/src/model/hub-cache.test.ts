import { mkdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { openAdapter } from '../adapter/open-adapter.js';
import { fileOf, newFolder, writeVectors } from '../testing/safetensors-bytes.js';
import { UriResolver } from '../uri/uri-resolver.js';
import { openModel } from './open-model.js';
import { writeModel } from './write-model.js';

let folder: string;
let repository: string;
let snapshot: string;
let uris: UriResolver;
beforeEach(async () => {
  folder = await realpath(await newFolder());
  repository = join(folder, 'hub', 'models--o--m');
  snapshot = join(repository, 'snapshots', 'abc');
  await mkdir(join(repository, 'blobs'), { recursive: true });
  await mkdir(snapshot, { recursive: true });
  await writeVectors(join(repository, 'blobs', 'aa'), { a: [1, 2] });
  await link('model.safetensors', '../../blobs/aa');
  uris = new UriResolver({ roots: [folder], base: folder });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function link(name: string, target: string, at = snapshot): Promise<void> {
  await mkdir(dirname(join(at, name)), { recursive: true });
  await symlink(target, join(at, name));
}

async function blob(hash: string, text: string, name: string): Promise<void> {
  await writeFile(join(repository, 'blobs', hash), text);
  await link(name, `${'../'.repeat(name.split('/').length - 1)}../../blobs/${hash}`);
}

test('a snapshot is read: weights, config, tokenizer, pooling', async () => {
  await blob('bb', '{"hidden_size": 2}', 'config.json');
  await blob('cc', '{}', 'tokenizer.json');
  await blob('dd', '{"pooling": 1}', '1_Pooling/config.json');
  const model = await openModel(snapshot);
  expect(model.config).toEqual({ hidden_size: 2 });
  expect(await model.read('a', 'f32')).toEqual(Float32Array.of(1, 2));
  const out = join(folder, 'out');
  await mkdir(out);
  await writeModel(out, { like: model });
  expect((await openModel(out)).carriedFiles).toEqual(['1_Pooling/config.json', 'tokenizer.json']);
});

test('shards and adapters of a snapshot are read', async () => {
  await rm(join(snapshot, 'model.safetensors'));
  await blob('bb', JSON.stringify({ weight_map: { a: 'x.safetensors' } }), 'model.safetensors.index.json');
  await link('x.safetensors', '../../blobs/aa');
  expect((await openModel(snapshot)).tensors.has('a')).toBe(true);
  await blob('cc', '{"peft_type": "LORA", "r": 1, "target_modules": ["q"]}', 'adapter_config.json');
  const factor = (at: number): object => ({ dtype: 'F32', shape: [1, 1], data_offsets: [at, at + 4] });
  const pair = {
    'base_model.model.q.lora_A.weight': factor(0),
    'base_model.model.q.lora_B.weight': factor(4),
  };
  await writeFile(join(repository, 'blobs', 'dd'), fileOf(JSON.stringify(pair), 8));
  await link('adapter_model.safetensors', '../../blobs/dd');
  expect((await openAdapter(snapshot)).directory).toBe(snapshot);
});

test('one file of a snapshot keeps its name, by which its kind is known', async () => {
  await blob('bb', '{"text": "x"}', 'train.jsonl');
  expect(await uris.resolve('hub/models--o--m/snapshots/abc/train.jsonl', 'f')).toBe(
    join(snapshot, 'train.jsonl'),
  );
  const path = await uris.resolve('hub/models--o--m/snapshots/abc/model.safetensors', 'f');
  expect((await openModel(path)).weightFiles).toEqual(new Map([['model.safetensors', path]]));
});

test('a cache that a link leads to is a cache', async () => {
  await symlink(join(folder, 'hub'), join(folder, 'elsewhere'));
  const path = await uris.resolve('elsewhere/models--o--m/snapshots/abc', 'f');
  expect((await openModel(path)).tensors.size).toBe(1);
  expect((await openModel(join(folder, 'elsewhere/models--o--m/snapshots/abc'))).tensors.size).toBe(1);
});

test.each<[string, () => Promise<void>]>([
  ['a file beside the cache', () => link('config.json', '../../../../secret.json')],
  [
    'another repository’s blob',
    async () => {
      await mkdir(join(folder, 'hub', 'models--o--other', 'blobs'), { recursive: true });
      await writeFile(join(folder, 'hub', 'models--o--other', 'blobs', 'bb'), '{}');
      await link('config.json', '../../../models--o--other/blobs/bb');
    },
  ],
  [
    'a blob that is a link',
    async () => {
      await symlink(join(folder, 'secret.json'), join(repository, 'blobs', 'bb'));
      await link('config.json', '../../blobs/bb');
    },
  ],
  [
    'a folder of blobs that is a link',
    async () => {
      await mkdir(join(folder, 'secrets'));
      await writeFile(join(folder, 'secrets', 'bb'), '{}');
      await rm(join(snapshot, 'model.safetensors'));
      await rm(join(repository, 'blobs'), { recursive: true });
      await symlink(join(folder, 'secrets'), join(repository, 'blobs'));
      await writeVectors(join(snapshot, 'model.safetensors'), { a: [1] });
      await link('config.json', '../../blobs/bb');
    },
  ],
  [
    'a folder below the blobs',
    async () => {
      await mkdir(join(repository, 'blobs', 'deep'));
      await writeFile(join(repository, 'blobs', 'deep', 'bb'), '{}');
      await link('config.json', '../../blobs/deep/bb');
    },
  ],
  ['a file of the repository that is no blob', () => link('config.json', '../../secret.json')],
])('a link to %s is refused', async (_what, make) => {
  await writeFile(join(folder, 'secret.json'), '{}');
  await writeFile(join(repository, 'secret.json'), '{}');
  await make();
  await expect(openModel(snapshot)).rejects.toMatchObject({
    reason: 'UNSAFE_FILE_NAME',
    message: '"config.json": leads out of the model folder',
  });
});

test('blobs of a folder that only looks like a snapshot are refused', async () => {
  const other = join(folder, 'models', 'snapshots', 'abc');
  await mkdir(join(folder, 'models', 'blobs'), { recursive: true });
  await mkdir(other, { recursive: true });
  await writeVectors(join(folder, 'models', 'blobs', 'aa'), { a: [1] });
  await link('model.safetensors', '../../blobs/aa', other);
  await expect(openModel(other)).rejects.toMatchObject({ reason: 'UNSAFE_FILE_NAME' });
});

test('a snapshot inside the allowed folders does not open blobs outside of them', async () => {
  const inside = new UriResolver({ roots: [snapshot], base: snapshot });
  await expect(inside.resolve(snapshot, 'f')).rejects.toMatchObject({ reason: 'URI_OUTSIDE_ROOTS' });
  await expect(inside.resolve('model.safetensors', 'f')).rejects.toMatchObject({
    reason: 'URI_OUTSIDE_ROOTS',
  });
  await rm(join(snapshot, 'model.safetensors'));
  await writeVectors(join(snapshot, 'model.safetensors'), { a: [1] });
  expect(await inside.resolve(snapshot, 'f')).toBe(snapshot);
});

test('a download that is not complete is named', async () => {
  await rm(join(repository, 'blobs', 'aa'));
  await expect(openModel(snapshot)).rejects.toMatchObject({
    reason: 'NO_WEIGHTS',
    message: expect.stringContaining('model.safetensors is a link to a file that is not there') as string,
  });
});
