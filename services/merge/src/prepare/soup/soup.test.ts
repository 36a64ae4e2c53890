import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Model, openModel } from '@eigenloom/checkpoint';
import { common, merge } from '@eigenloom/contracts';
import { setBackend } from '@eigenloom/engine';
import { loadClassifierHead, loadNetwork, loadTokenizer } from '@eigenloom/models';

import { mergeKind } from '../../kind.js';
import { classifiedTexts } from '../search/classified-texts.js';
import { ModelCache } from '../search/model-cache.js';
import type { SearchTensor } from '../search/search-input.js';
import { contextIn, modelWith, newFolder, requestOf } from '../../testing/job-context.js';
import { trainTinyModel, writeNoisyModel, writeTinyBase, writeTinyData } from '../../testing/tiny-tasks.js';
import { candidateScore } from './candidates.js';
import { greedySearch } from './greedy-search.js';
import { RunningSoup } from './running-soup.js';
import { soupSource } from './soup-source.js';

const NAMES = ['good', 'noisy-1', 'layer', 'noisy-2', 'stored'];
let folder: string;
let models: Model[];
let tensors: SearchTensor[];
const signal = new AbortController().signal;
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  await setBackend('native');
  folder = await newFolder();
  const base = await writeTinyBase(path('base'));
  await trainTinyModel(base, path('good'), { task: 'size', steps: 40 });
  await writeNoisyModel(path('good'), path('noisy-1'), 0.1, 1n);
  await writeNoisyModel(path('good'), path('layer'), 0.05, 2n, (name) => name.includes('layer.1'));
  await writeNoisyModel(path('good'), path('noisy-2'), 0.5, 3n);
  const out = path('stored');
  const request = requestOf({
    models: [modelWith(path('good'), {})],
    outputUri: out,
    allowUnchanged: true,
    outputDataType: common.DataType.BF16,
    method: merge.MergeMethod.fromJSON({ passthrough: {} }),
  });
  await mergeKind.run(request, contextIn(folder));
  models = await Promise.all(NAMES.map((name) => openModel(path(name))));
  tensors = [...models[0]!.tensors.values()].map(({ name, shape }) => ({
    name,
    shape,
    reference: name,
    models: NAMES.map(() => name),
  }));
  await writeTinyData(folder, 'size', 96, 7000);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a soup in memory has the bits of the mean on disk, whatever the order in which candidates come', async () => {
  const cache = await ModelCache.load(tensors, models[0]!, models, {
    memoryBytes: 1e9,
    everywhere: true,
    signal,
  });
  const stored = cache.tensors.map(({ models: own }) => own.map((values) => values?.BYTES_PER_ELEMENT ?? 0));
  // The reference itself, f32 wherever the noise is, and bfloat16 as it is stored.
  expect(stored.every(([own, , , , bf16]) => own === 0 && (bf16 === 0 || bf16 === 2))).toBe(true);
  expect(stored.some(([, , layer]) => layer === 0) && stored.some(([, , layer]) => layer === 4)).toBe(true);
  const network = await loadNetwork(cache.source);
  await loadClassifierHead(network, cache.source);
  const soup = new RunningSoup(cache.tensors, network);
  for (const members of [[1], [0, 1], [0, 4], [0, 4, 2], [0, 4, 3], [0, 4, 2, 1], [2, 3], [3]]) {
    soup.assign(members);
    const source = soupSource(members.map((index) => models[index]!));
    for (const name of network.parameters.names) {
      const own = (await network.parameters.get(name).data<'float32'>()).slice();
      const expected = await source.read(name, 'f32');
      expect(Buffer.compare(Buffer.from(own.buffer), Buffer.from(expected.slice().buffer))).toBe(0);
    }
  }
});

test('the greedy search finds the same in memory and from disk', async () => {
  const tokenizer = await loadTokenizer(path('base'));
  const data = {
    path: path('size-96-7000.jsonl'),
    textField: 'text',
    labelField: 'label',
    limit: 0,
    field: '',
  };
  const options = {
    tokenizer,
    maxLength: 16,
    classes: { count: 2, names: ['no', 'yes'] },
    requireLabels: true,
    signal,
  };
  const texts = await classifiedTexts(data, options);
  const search = async (memoryBytes: number): Promise<object> => {
    const found = await candidateScore(models, tensors, texts, { batchSize: 16, memoryBytes, signal });
    expect(found.inMemory).toBe(memoryBytes > 1e6);
    return greedySearch(models.length, found.score);
  };
  const inMemory = await search(1e9);
  expect(inMemory).toEqual(await search(1000));
  expect(inMemory).toMatchObject({ accuracies: expect.any(Array) as unknown });
});
