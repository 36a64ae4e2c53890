import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { merge } from '@eigenloom/contracts';
import { SafetensorsFile } from '@eigenloom/numeric';

import { mergeKind } from '../kind.js';
import { distance } from '../testing/merge-values.js';
import { contextIn, model, newFolder, requestOf } from '../testing/job-context.js';
import { normal, plus, type SyntheticTensor, writeModel } from '../testing/synthetic-model.js';
import { maskFile, RESCALER } from '../plan/mask-files.js';

interface Case {
  readonly shape: readonly number[];
  readonly base: readonly number[];
  readonly models: readonly (readonly number[])[];
  readonly masks: readonly string[];
  readonly rescalers: readonly number[];
}

const GOLDEN = join(__dirname, '../../../../tests/golden/fusion-bench/matrices.json');
const CASES = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Readonly<Record<string, Case>>;

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;
const path = (): string => join(folder, String((count += 1)));

/** Merges folders of models, and returns the result's. */
async function run(method: object, base: string, from: readonly string[]): Promise<string> {
  const outputUri = path();
  const request = requestOf({
    models: from.map((uri) => model(uri)),
    base: { uri: base, adapters: [] },
    outputUri,
    method: merge.MergeMethod.fromJSON(method),
  });
  await mergeKind.run(request, contextIn(folder));
  return outputUri;
}

async function valuesOf(of: string, name: string): Promise<number[]> {
  const file = await SafetensorsFile.open(join(of, 'model.safetensors'));
  return [...(await file.read(name, 'f64'))];
}

const bitsOf = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');

test.each(Object.entries(CASES))(
  'emr writes the masks and rescalers of the reference: %s',
  async (_, golden) => {
    const { shape } = golden;
    const write = (values: readonly number[]): Promise<string> =>
      writeModel(path(), { w: { shape, values: Float32Array.from(values) } });
    const from = await Promise.all(golden.models.map(write));
    const merged = await run({ emr: {} }, await write(golden.base), from);
    for (const [task, expected] of golden.masks.entries()) {
      const file = await SafetensorsFile.open(join(merged, maskFile(task)));
      expect(bitsOf(await file.read('w', 'raw'))).toBe(expected);
      const [rescaler] = await file.read(RESCALER, 'f64');
      expect(rescaler! / golden.rescalers[task]!).toBeCloseTo(1, 6);
    }
  },
);

describe('a mask reads a task out of the merged model', () => {
  /** 70 001 elements: more than one chunk, and a byte that is not full. */
  const shapes = { matrix: [7, 13], vector: [70_001] };
  let base: Record<string, SyntheticTensor>;
  let folders: string[];
  let basePath: string;
  beforeAll(async () => {
    const all = async (stream: bigint): Promise<Record<string, SyntheticTensor>> =>
      Object.fromEntries(
        await Promise.all(
          Object.entries(shapes).map(
            async ([name, shape], i) => [name, await normal(shape, stream + BigInt(i))] as const,
          ),
        ),
      );
    base = await all(0n);
    basePath = await writeModel(path(), base);
    // Tasks that change different elements do not disturb each other.
    folders = [];
    for (const task of [0, 1]) {
      const delta = await all(BigInt(10 * (task + 1)));
      const own = Object.entries(base).map(([name, tensor]) => {
        const values = delta[name]!.values.map((value, i) => (i % 3 === task ? value : 0));
        return [name, plus(tensor, { shape: tensor.shape, values })] as const;
      });
      folders.push(await writeModel(path(), Object.fromEntries(own)));
    }
  });

  test.each([{ emr: {} }, { tall_mask: {} }])('%j', async (method) => {
    const merged = await run(method, basePath, folders);
    for (const [task, own] of folders.entries()) {
      const mask = { task_mask: { mask_uri: join(merged, maskFile(task)) } };
      const back = await run(mask, basePath, [merged]);
      for (const name of Object.keys(shapes)) {
        expect(distance(await valuesOf(own, name), await valuesOf(back, name))).toBeLessThan(1e-6);
      }
    }
  });

  test('a file that is no mask, or one of another model, is refused by the tensor', async () => {
    const merged = await run({ emr: {} }, basePath, folders);
    const other = await writeModel(path(), { matrix: await normal([3, 3], 1n) });
    const changed = await writeModel(path(), { matrix: await normal([3, 3], 2n) });
    const mask = { task_mask: { mask_uri: join(merged, maskFile(0)) } };
    await expect(run(mask, other, [changed])).rejects.toMatchObject({ reason: 'MASK_DIFFERS' });
    await expect(run(mask, other, [changed])).rejects.toThrow(/"matrix"/);
    const none = { task_mask: { mask_uri: join(merged, 'model.safetensors') } };
    await expect(run(none, basePath, [merged])).rejects.toMatchObject({ reason: 'MASK_DIFFERS' });
  });
});
