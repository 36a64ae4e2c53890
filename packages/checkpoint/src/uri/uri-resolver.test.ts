import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { UriResolver } from './uri-resolver.js';

let folder: string;
let root: string;
let uris: UriResolver;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'eigenloom-uri-')));
  root = join(folder, 'root');
  await mkdir(join(root, 'model'), { recursive: true });
  await writeFile(join(folder, 'secret'), 'x');
  await symlink(folder, join(root, 'link'));
  await symlink(join(folder, 'nowhere'), join(root, 'dangling'));
  await symlink(join(root, 'model'), join(root, 'alias'));
  uris = new UriResolver({
    roots: [root],
    base: root,
    jobFolder: () => Promise.resolve(join(root, 'model')),
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test.each(['model', 'file:model', './model', 'alias', 'model/../model'])('%s is found', async (uri) => {
  expect(await uris.resolve(uri, 'model.uri')).toBe(join(root, 'model'));
});

test('absolute paths inside a root are found', async () => {
  expect(await uris.resolve(join(root, 'model'), 'f')).toBe(join(root, 'model'));
  expect(await uris.resolve(`file://${join(root, 'model')}`, 'f')).toBe(join(root, 'model'));
});

test.each([
  '../secret',
  'model/../../secret',
  '/etc/passwd',
  'file:../secret',
  'file:///etc/passwd',
  'link/secret',
  'link',
])('%s is outside', async (uri) => {
  await expect(uris.resolve(uri, 'model.uri')).rejects.toMatchObject({
    reason: 'URI_OUTSIDE_ROOTS',
    kind: 'INVALID_INPUT',
    fieldViolations: [{ field: 'model.uri' }],
  });
});

test.each([
  '..\\secret',
  'model\\..\\..\\secret',
  'model\0',
  '%2e%2e/secret',
  '%2E%2e%2fsecret',
  '%252e%252e/secret',
  'job:a/../../secret',
  'job:a/..\\secret',
  'job:a//b',
  'job:../x',
  'job:',
  'file:',
  'file://host/x',
  'hf:../../x',
  'hf:a/b/c',
  'hf:a/b@../x',
  's3:b/../x',
  '',
])('%j is invalid', async (uri) => {
  await expect(uris.resolve(uri, 'f')).rejects.toMatchObject({ reason: 'INVALID_URI' });
});

test.each(['http://example.org/x', 'data:x', 'hf:a/b', 's3:bucket/x'])('%s is not supported', async (uri) => {
  await expect(uris.resolve(uri, 'f')).rejects.toMatchObject({ reason: 'UNSUPPORTED_URI' });
});

test('a missing file inside is named as the request named it', async () => {
  await expect(uris.resolve('model/x', 'model.uri')).rejects.toMatchObject({
    reason: 'FILE_NOT_FOUND',
    message: 'model.uri: "model/x" does not exist',
  });
});

test('a model that is named as on the hub is told to be a folder', async () => {
  const message = async (uri: string, field: string): Promise<string> =>
    uris.resolve(uri, field).then(String, (error: unknown) => (error as Error).message);
  const hint = /nothing is fetched from the Hugging Face hub/;
  for (const field of ['base.uri', 'models[1].model.uri', 'mergekit.models[0].model']) {
    expect(await message('owner/name', field)).toMatch(hint);
    expect(await message('hf:owner/name', field)).toMatch(hint);
    expect(await message('model/name', field)).not.toMatch(hint);
  }
  expect(await message('owner/name', 'train_data.uri')).toBe('train_data.uri: "owner/name" does not exist');
});

test('a path inside a job is found, and nothing beside it', async () => {
  await writeFile(join(root, 'model', 'x'), '');
  expect(await uris.resolve('job:operations/a1/x', 'f')).toBe(join(root, 'model', 'x'));
  await symlink(join(folder, 'secret'), join(root, 'model', 'y'));
  await expect(uris.resolve('job:a1/y', 'f')).rejects.toMatchObject({ reason: 'URI_OUTSIDE_ROOTS' });
});

test('a link that changed after the first look is noticed', async () => {
  expect(await uris.resolve('alias', 'f')).toBe(join(root, 'model'));
  await rm(join(root, 'alias'));
  await symlink(folder, join(root, 'alias'));
  await expect(uris.resolve('alias', 'f')).rejects.toMatchObject({ reason: 'URI_OUTSIDE_ROOTS' });
});

test('a target may be new and must be inside', async () => {
  expect(await uris.resolveTarget('file:new/deep', 'output_uri')).toBe(join(root, 'new', 'deep'));
  for (const uri of ['../new', 'link/new', '/new', 'dangling/new', 'dangling']) {
    await expect(uris.resolveTarget(uri, 'output_uri')).rejects.toMatchObject({
      reason: 'URI_OUTSIDE_ROOTS',
    });
  }
  await expect(uris.resolveTarget('job:x', 'output_uri')).rejects.toMatchObject({
    reason: 'UNSUPPORTED_URI',
  });
});

test('a root that does not exist yet can be written into', async () => {
  const fresh = new UriResolver({ roots: [join(folder, 'later')], base: folder });
  expect(await fresh.resolveTarget('later/x', 'f')).toBe(join(folder, 'later', 'x'));
});
