import { join } from 'node:path';

import { type AdapterChoice, ADAPTERS, openModel, readAdapterFolder } from '@eigenloom/adapters';
import { choiceOf, FIXTURES } from '@eigenloom/adapters/dist/testing/fixtures.js';
import { isTargeted } from '@eigenloom/checkpoint';
import { Lab } from '../claims/lab.js';
import { removeFolder, temporaryFolder } from '../e2e/support/folder.js';
import { writeTinyBert, writeTopics } from '../e2e/support/tiny-bert.js';

let folder: string;
let lab: Lab;
beforeAll(async () => {
  folder = await temporaryFolder();
  lab = await Lab.open(join(folder, 'lab'), 'tiny', new AbortController().signal, () => undefined);
  await writeTinyBert(join(folder, 'model'));
  await writeTopics(join(folder, 'train.jsonl'), 16, 1);
});
afterAll(async () => {
  await lab.close();
  await removeFolder(folder);
});

const KINDS = Object.keys(FIXTURES) as AdapterChoice['$case'][];

/** Modules of every sort that the kind can be added to. */
function modulesFor({ at, format }: ReturnType<typeof ADAPTERS.create>['method']): readonly string[] {
  if (!isTargeted(format)) return [];
  return at.every((place) => place === 'linear')
    ? ['query', 'value', 'output.dense', 'intermediate.dense']
    : ['all'];
}

test.each(KINDS)('an adapter of the kind %s is made, trained and read', async (kind) => {
  const { method } = ADAPTERS.create(choiceOf(kind));
  const model = { uri: join(folder, 'model') };
  const start = await lab.run('init', {
    ...{ model, seed: '3', targetModules: modulesFor(method), [kind]: FIXTURES[kind].parameters },
    taskType: 'SEQ_CLS',
  });
  const trained = await lab.run('train', {
    ...{ model, seed: '4', maxSteps: 2, adapter: { uri: start.folder } },
    trainData: { uri: join(folder, 'train.jsonl') },
    sequenceClassification: {},
    optimizer: { learningRate: 0.05 },
    batching: { batchSize: 8, maxLength: 12 },
  });
  expect(trained.report.metrics['steps']).toBe(2);
  const [before, after] = [await readAdapterFolder(start.folder), await readAdapterFolder(trained.folder)];
  expect(after.modules).toEqual(before.modules);
  const changed = after.factors.filter(({ data }, i) =>
    data.some((v, j) => v !== before.factors[i]?.data[j]),
  );
  expect(changed.length).toBeGreaterThan(0);
  for (const { data } of after.factors) expect(data.every((value) => Number.isFinite(value))).toBe(true);
  const opening = openModel(model.uri, { adapters: [trained.folder] });
  if (method.fold === undefined)
    await expect(opening).rejects.toMatchObject({ reason: 'ADAPTER_NOT_FOLDABLE' });
  else expect((await opening).tensors.size).toBeGreaterThan(0);
});
