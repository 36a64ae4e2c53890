import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestFrom } from './request.js';

describe('requestFrom', () => {
  let folder: string;
  const before = process.cwd();
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'eigenloom-')));
    process.chdir(folder);
    await writeFile(
      'merge.yaml',
      'models: [{model: {uri: a, adapters: [b]}}]\nlinear: {}\nseed: 3\noutput_uri: old\n',
    );
    await writeFile('list.yaml', '- 1\n');
    await writeFile('wrong.yaml', 'modles: []\n');
  });
  afterAll(async () => {
    process.chdir(before);
    await rm(folder, { recursive: true });
  });

  it('reads a recipe, lets options win and makes paths absolute', async () => {
    const request = await requestFrom(
      'merge',
      'merge.yaml',
      {},
      { dataDir: '', out: 'new', seed: '18446744073709551615' },
    );
    expect(request).toMatchObject({
      outputUri: `file:${join(folder, 'new')}`,
      seed: 2n ** 64n - 1n,
      models: [{ model: { uri: `file:${join(folder, 'a')}`, adapters: [`file:${join(folder, 'b')}`] } }],
      method: { $case: 'linear' },
    });
  });

  it('needs no recipe', async () => {
    expect(await requestFrom('init', undefined, { rank: 8, pissa: {} }, { dataDir: '' })).toMatchObject({
      rank: 8,
      method: { $case: 'pissa' },
      outputUri: '',
    });
  });

  it.each([
    ['none.yaml', 'NOT_FOUND', 'none.yaml does not exist'],
    ['.', 'INVALID_INPUT', '.: it cannot be read as a file'],
    ['list.yaml', 'INVALID_INPUT', 'recipe: must be a mapping of fields'],
    ['wrong.yaml', 'INVALID_INPUT', 'modles: is not a field; did you mean models?'],
  ])('refuses %s', async (path, kind, message) => {
    await expect(requestFrom('merge', path, {}, { dataDir: '' })).rejects.toMatchObject({ kind, message });
  });
});
