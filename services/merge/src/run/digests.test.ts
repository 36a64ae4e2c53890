import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { mergeKind } from '../kind.js';
import { planRecipe } from '../plan/plan-recipe.js';
import { contextIn, model, newFolder, requestOf } from '../testing/job-context.js';
import { normal, writeModel } from '../testing/synthetic-model.js';
import { methodFromJson } from '../testing/method-from-json.js';
import { InputDigests } from './input-digests.js';
import { mergeTensors } from './merge-tensors.js';

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
  // Several windows of 64 chunks of 65 536 elements; the names are not in the order of the file, where what is wider comes first.
  for (const [stream, name] of ['a', 'b'].entries()) {
    const big = await normal([3000, 1500], BigInt(stream + 1));
    const small = await normal([77], BigInt(stream + 3));
    await writeModel(
      join(folder, name),
      { z: big, b: small, c: big, a: small },
      name === 'a' ? 'BF16' : 'F32',
    );
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const sha256 = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
const request = (): Parameters<typeof requestOf>[0] => ({
  models: [model(join(folder, 'a'), 0.5), model(join(folder, 'b'), 0.5)],
  method: { kind: { $case: 'linear', value: {} } },
  maxShardBytes: 10_000_000n,
});

test('a merge takes the digests of what it reads and of what it writes', async () => {
  const plan = await planRecipe(requestOf(request()), methodFromJson({ linear: {} }), contextIn(folder));
  const out = join(folder, 'shards');
  await mkdir(out);
  const { signal } = new AbortController();
  const digests = new InputDigests();
  const options = { allowNonFinite: false, signal, onProgress: () => undefined, digests };
  const opened = plan.models.map((input) => input.model.source('z').file);
  expect(await digests.missing(opened)).toHaveLength(2);
  const { written } = await mergeTensors(out, plan, undefined, options);
  expect(await digests.missing(opened)).toEqual([]);
  const files = Object.keys(written);
  expect(files).toEqual(plan.shards.shards.map(({ file }) => file));
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) expect(written[file]).toBe(await sha256(join(out, file)));
  const inputs = ['a', 'b'].map((name) => join(folder, name, 'model.safetensors'));
  for (const path of inputs) expect(await digests.of(path, signal)).toBe(await sha256(path));
});

test('the lineage has the digests of the inputs', async () => {
  const context = contextIn(folder);
  await mergeKind.run(requestOf({ ...request(), outputUri: join(folder, 'out') }), context);
  expect(context.lineage?.inputs).toEqual({
    'models/0/model.safetensors': await sha256(join(folder, 'a', 'model.safetensors')),
    'models/1/model.safetensors': await sha256(join(folder, 'b', 'model.safetensors')),
  });
});
