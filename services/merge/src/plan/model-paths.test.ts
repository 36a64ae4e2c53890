import { join } from 'node:path';
import { openModel } from '@eigenloom/checkpoint';

import { ModelCache } from '../prepare/search/model-cache.js';
import type { SearchTensor } from '../prepare/search/search-input.js';
import { soupSource } from '../prepare/soup/soup-source.js';
import { openPaths, pathsOf } from './model-paths.js';
import type { PlannedInput } from './planned.js';

const TIED = join(__dirname, '..', '..', '..', '..', 'tests', 'golden', 'tied');
const [BASE, ADAPTER] = [join(TIED, 'base'), join(TIED, 'save_head')];
const [EMBEDDINGS, HEAD] = ['model.embed_tokens.weight', 'lm_head.weight'] as const;
const { signal } = new AbortController();

test('a model of a plan is opened again as the plan sees it', async () => {
  const tied = await openModel(BASE);
  const input = { path: BASE, adapters: [], model: tied } as unknown as PlannedInput;
  expect((await openPaths(pathsOf(input), signal)).tensors.has(HEAD)).toBe(false);
  const untied = await openPaths({ ...pathsOf(input), untied: true }, signal);
  expect(await untied.read(HEAD, 'f64')).toEqual(await tied.read(EMBEDDINGS, 'f64'));
  expect(untied.config['tie_word_embeddings']).toBe(false);
  const folded = await openModel(BASE, { adapters: [ADAPTER] });
  const own = pathsOf({ path: BASE, adapters: [ADAPTER], model: folded } as unknown as PlannedInput);
  expect(own.untied).toBe(true);
  expect(await (await openPaths(own, signal)).read(HEAD, 'f64')).toEqual(await folded.read(HEAD, 'f64'));
});

test('searches and soups find the head in the tied model and in the untied one', async () => {
  const tied = await openPaths({ path: BASE, adapters: [], untied: true }, signal);
  const own = await openPaths({ path: BASE, adapters: [ADAPTER], untied: true }, signal);
  const { shape } = tied.tensors.get(HEAD)!;
  const wanted: SearchTensor = { name: HEAD, shape, reference: HEAD, models: [HEAD, HEAD] };
  const cache = await ModelCache.load([wanted], tied, [tied, own], { memoryBytes: 1e9, signal });
  const [head] = cache.tensors;
  expect(Float64Array.from(head!.reference)).toEqual(await tied.read(EMBEDDINGS, 'f64'));
  expect(head!.models[0]).toBeUndefined();
  const [a, b] = [await tied.read(HEAD, 'f64'), await own.read(HEAD, 'f64')];
  const mean = await soupSource([tied, own]).read(HEAD, 'f32');
  mean.forEach((value, at) => {
    expect(value).toBeCloseTo((a[at]! + b[at]!) / 2, 6);
  });
});
