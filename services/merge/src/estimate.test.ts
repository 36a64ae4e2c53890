import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { spectralBytes } from './steps/task-matrices.js';
import { contextIn, model, newFolder, requestOf } from './testing/job-context.js';
import { estimateOf } from './estimate.js';
import { planRecipe } from './plan/plan-recipe.js';
import type { MergePlan } from './plan/planned.js';
import { methodFromJson } from './testing/method-from-json.js';

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A model of matrices that take no space: only headers are read here. */
async function hollowModel(
  name: string,
  shapes: Readonly<Record<string, readonly [number, number]>>,
): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  await writeFile(join(path, 'config.json'), '{"model_type": "hollow"}');
  let end = 0;
  const header = Object.entries(shapes).map(([tensor, [rows, columns]]) => {
    const start = end;
    end += 2 * rows * columns;
    return [tensor, { dtype: 'BF16', shape: [rows, columns], data_offsets: [start, end] }] as const;
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = await open(join(path, 'model.safetensors'), 'wx');
  await file.write(Buffer.concat([length, json]));
  await file.truncate(8 + json.length + end);
  await file.close();
  return path;
}

function plan(method: object, base: string, from: readonly string[]): Promise<MergePlan> {
  const request = requestOf({
    models: from.map((uri) => model(uri)),
    base: { uri: base, adapters: [] },
  });
  return planRecipe(request, methodFromJson(method), contextIn(folder));
}

test('matrices count by their working memory and their work, and the card names those that are too large', async () => {
  const shapes = { fits: [2048, 1024], large: [6000, 6000] } as const;
  const [base, one, two] = await Promise.all(['base', 'one', 'two'].map((name) => hollowModel(name, shapes)));
  const [plain, matrix, wudi] = await Promise.all(
    [{ task_arithmetic: {} }, { iso_c: {} }, { wudi: {} }].map((method) => plan(method, base!, [one!, two!])),
  );
  const [streamed, spectral, iterated] = [plain!, matrix!, wudi!].map((of) => estimateOf([of]));
  expect(spectral!.memoryBytes - streamed!.memoryBytes).toBe(BigInt(spectralBytes(2048, 1024)));
  // At 8e9 multiply-adds a second: 10 n³ for the eigenvalues and two products of the panels; for wudi 304 of (out, in) and (in, in).
  const [out, columns] = shapes.fits;
  const seconds = (operations: number): number => operations / 8e9 + streamed!.durationSeconds;
  expect(spectral!.durationSeconds).toBeCloseTo(seconds(10 * columns ** 3 + 2 * out * columns ** 2), 6);
  expect(iterated!.durationSeconds).toBeCloseTo(seconds(304 * out * columns ** 2), 6);
  expect(plain!.notes).toEqual([]);
  expect(matrix!.notes).toEqual(['Too large for iso_c and merged as vectors are: `large`']);
});
