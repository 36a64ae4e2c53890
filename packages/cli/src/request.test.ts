import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseYaml } from '@eigenloom/contracts';
import { requestFrom } from './request.js';

const NONE = { methods: [], assignments: [] };

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
    const request = await requestFrom('merge', 'merge.yaml', NONE, {
      dataDir: '',
      out: 'new',
      seed: '18446744073709551615',
    });
    expect(request).toMatchObject({
      outputUri: `file:${join(folder, 'new')}`,
      seed: 2n ** 64n - 1n,
      models: [{ model: { uri: `file:${join(folder, 'a')}`, adapters: [`file:${join(folder, 'b')}`] } }],
      method: { kind: { $case: 'linear' } },
    });
  });

  it('needs no recipe', async () => {
    const edits = { methods: ['pissa'], assignments: [{ path: 'lora.rank', text: '8' }] };
    expect(await requestFrom('init', undefined, edits, { dataDir: '' })).toMatchObject({
      adapter: { kind: { $case: 'lora', value: { rank: 8 } } },
      start: { kind: { $case: 'pissa' } },
      outputUri: '',
    });
  });

  it('changes a recipe value by value, and replaces the method that it chose', async () => {
    const edits = {
      methods: ['ties'],
      assignments: [
        { path: 'ties.density', text: '0.5' },
        { path: 'models[0].weight', text: '2' },
        { path: 'models[1].model.uri', text: '2026' },
      ],
    };
    const request = await requestFrom('merge', 'merge.yaml', edits, { dataDir: '' });
    expect(request).toMatchObject({
      models: [
        { model: { adapters: [`file:${join(folder, 'b')}`] }, weight: 2 },
        { model: { uri: `file:${join(folder, '2026')}` } },
      ],
      method: { kind: { $case: 'ties', value: { density: 0.5 } } },
    });
  });

  it('takes a configuration of mergekit as it is and makes its paths absolute', async () => {
    await writeFile('kit.yaml', '# mine\nmerge_method: linear\nmodels: [{model: a+b}, {model: hf:c}]\n');
    const request = await requestFrom('merge', 'kit.yaml', NONE, { dataDir: '', out: 'new', seed: '3' });
    expect(request).toMatchObject({ outputUri: `file:${join(folder, 'new')}`, seed: 3n, models: [] });
    expect(parseYaml(request.mergekit?.config ?? '')).toEqual({
      merge_method: 'linear',
      models: [{ model: `file:${join(folder, 'a')}+file:${join(folder, 'b')}` }, { model: 'hf:c' }],
    });
  });

  it('finds paths in the configuration of a recipe and of a step', async () => {
    const recipe = { mergekit: { config: 'merge_method: linear\nmodels: [{model: step:a}, {model: b}]' } };
    await writeFile('recipe.json', JSON.stringify({ ...recipe, mode: 'MERGE_MODE_PAPER' }));
    await writeFile('steps.json', JSON.stringify({ steps: [{ id: 's', merge: recipe }] }));
    const { mergekit } = await requestFrom('merge', 'recipe.json', NONE, { dataDir: '' });
    const { steps } = await requestFrom('pipeline', 'steps.json', NONE, { dataDir: '' });
    const [step] = steps;
    const inStep = step?.request?.$case === 'merge' ? step.request.value.mergekit : undefined;
    for (const found of [mergekit, inStep]) {
      expect(parseYaml(found?.config ?? '')).toMatchObject({
        models: [{ model: 'step:a' }, { model: `file:${join(folder, 'b')}` }],
      });
    }
  });

  it.each([
    ['none.yaml', 'NOT_FOUND', 'none.yaml does not exist'],
    ['.', 'INVALID_INPUT', '.: is a folder, and a recipe is a file'],
    ['list.yaml', 'INVALID_INPUT', 'recipe: must be a mapping of fields'],
    ['wrong.yaml', 'INVALID_INPUT', 'modles: is not a field; did you mean models?'],
  ])('refuses %s', async (path, kind, message) => {
    await expect(requestFrom('merge', path, NONE, { dataDir: '' })).rejects.toMatchObject({ kind, message });
  });
});
