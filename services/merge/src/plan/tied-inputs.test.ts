import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Model, openModel, readAdapter } from '@eigenloom/checkpoint';
import { merge } from '@eigenloom/contracts';

import { mergeKind } from '../kind.js';
import { contextIn, modelWith, newFolder, requestOf } from '../testing/job-context.js';

const GOLDEN = join(__dirname, '..', '..', '..', '..', 'tests', 'golden', 'tied');
const BASE = join(GOLDEN, 'base');
const [EMBEDDINGS, HEAD] = ['model.embed_tokens.weight', 'lm_head.weight'] as const;

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));
let made = 0;

/** The model that a request makes; `adapters` of the golden folder are folded into the base, one set a model. */
async function result(
  method: object,
  models: readonly (readonly string[])[],
  withBase = false,
): Promise<Model> {
  const request = requestOf({
    method: merge.MergeMethod.fromJSON(method),
    outputUri: join(folder, `out-${(made += 1)}`),
    models: models.map((adapters) => ({
      ...modelWith(BASE, {}),
      model: { uri: BASE, adapters: adapters.map((name) => join(GOLDEN, name)) },
    })),
    base: withBase ? { uri: BASE, adapters: [] } : undefined,
  });
  await mergeKind.run(request, contextIn(folder));
  return openModel(request.outputUri);
}

async function mergekit(config: string): Promise<Model> {
  const request = requestOf({ outputUri: join(folder, `out-${(made += 1)}`), mergekit: { config } });
  const resolve = (uri: string): Promise<string> => Promise.resolve(join(GOLDEN, uri));
  await mergeKind.run(request, { ...contextIn(folder), resolve });
  return openModel(request.outputUri);
}

const expected = (name: string): Promise<Model> => openModel(join(GOLDEN, name, 'expected.safetensors'));

const distance = (x: Float64Array, y: Float64Array): number =>
  Math.max(...x.map((value, at) => Math.abs(value - (y[at] ?? NaN))), Math.abs(x.length - y.length));

async function expectUntied(model: Model, name: string): Promise<void> {
  const wanted = await expected(name);
  expect(model.config['tie_word_embeddings']).toBe(false);
  for (const tensor of [EMBEDDINGS, HEAD]) {
    expect(distance(await model.read(tensor, 'f64'), await wanted.read(tensor, 'f64'))).toBeLessThan(1e-6);
  }
}

test.each(['save_head', 'save_both', 'pair_embed', 'pair_head'])(
  '%s: passed through, both weights are in the file and the config says so',
  async (name) => {
    const config = `merge_method: passthrough\nmodels:\n  - model: base+${name}\n`;
    await expectUntied(await mergekit(config), name);
  },
);

test('beside a model whose embeddings are its head: the mean of both weights', async () => {
  const config =
    'merge_method: linear\nparameters: {weight: 0.5}\nmodels: [{model: base}, {model: base+save_head}]\n';
  const linear = { linear: {} };
  for (const model of [await mergekit(config), await result(linear, [[], ['save_head']])]) {
    const [base, head] = [await openModel(BASE), await expected('save_head')];
    const [embeddings, trained] = [await base.read(EMBEDDINGS, 'f64'), await head.read(HEAD, 'f64')];
    expect(model.config['tie_word_embeddings']).toBe(false);
    expect(await model.read(EMBEDDINGS, 'f64')).toEqual(embeddings);
    const mean = embeddings.map((value, at) => (value + (trained[at] ?? NaN)) / 2);
    expect(distance(await model.read(HEAD, 'f64'), mean)).toBeLessThan(1e-7);
  }
});

test('in a graph of documents, where the first one parts them', async () => {
  const config = [
    'name: first\nmerge_method: passthrough\nmodels: [{model: base+save_head}]\n',
    'merge_method: linear\nparameters: {weight: 0.5}\nmodels: [{model: first}, {model: base}]\n',
  ].join('---\n');
  const model = await mergekit(config);
  const [base, head] = [await openModel(BASE), await expected('save_head')];
  const [embeddings, trained] = [await base.read(EMBEDDINGS, 'f64'), await head.read(HEAD, 'f64')];
  const mean = embeddings.map((value, at) => (value + (trained[at] ?? NaN)) / 2);
  expect(distance(await model.read(HEAD, 'f64'), mean)).toBeLessThan(1e-7);
});

test('a task vector to a tied base', async () => {
  await expectUntied(await result({ task_arithmetic: {} }, [['save_both']], true), 'save_both');
});

test('what stays one weight stays one', async () => {
  const model = await result({ task_arithmetic: {} }, [['save_tied']], true);
  expect(model.config['tie_word_embeddings']).toBe(true);
  expect(model.tensors.has(HEAD)).toBe(false);
});

describe('extraction', () => {
  const extracted = async (name: string, parameters: object): Promise<string> => {
    const request = requestOf({
      method: merge.MergeMethod.fromJSON({ extract_adapter: parameters }),
      outputUri: join(folder, `adapter-${(made += 1)}`),
      models: [{ ...modelWith(BASE, {}), model: { uri: BASE, adapters: [join(GOLDEN, name)] } }],
      base: { uri: BASE, adapters: [] },
    });
    await mergeKind.run(request, contextIn(folder));
    return request.outputUri;
  };

  test.each([
    ['save_head', {}],
    ['save_both', {}],
    ['pair_both', { target_modules: ['embed_tokens', 'lm_head', 'q_proj'] }],
    ['pair_head', { target_modules: ['all-linear'] }],
  ])('%s comes back with %j', async (name, parameters) => {
    const path = await extracted(name, parameters);
    await expectUntied(await openModel(BASE, { adapters: [path] }), name);
  });

  test.each([{}, { target_modules: ['embed_tokens', 'q_proj'] }])(
    'one weight that was trained is in the adapter under both names, and folds to one: %j',
    async (parameters) => {
      const path = await extracted('save_tied', parameters);
      const adapter = await readAdapter(path);
      const names = [...adapter.modules.keys(), ...adapter.settings.modulesToSave];
      expect(names).toEqual(expect.arrayContaining(['lm_head', 'model.embed_tokens']));
      const folded = await openModel(BASE, { adapters: [path] });
      expect(folded.config['tie_word_embeddings']).toBe(true);
      expect(folded.tensors.has(HEAD)).toBe(false);
      const wanted = await expected('save_tied');
      expect(
        distance(await folded.read(EMBEDDINGS, 'f64'), await wanted.read(EMBEDDINGS, 'f64')),
      ).toBeLessThan(1e-6);
    },
  );
});
