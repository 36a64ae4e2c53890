import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { toAppError } from '@eigenloom/errors';

import { planRecipe } from '../plan/plan-recipe.js';
import { contextIn, model, newFolder, requestOf } from '../testing/job-context.js';
import { writeTinyModel } from '../testing/tiny-model.js';
import { methodFromJson } from '../testing/method-from-json.js';

let folder: string;
let path: string;
let whole: Buffer;
beforeAll(async () => {
  folder = await newFolder();
  for (const name of ['a', 'b']) {
    await writeTinyModel(join(folder, name), {
      one: { value: 1, shape: [2, 3] },
      two: { value: 2, dtype: 'BF16' },
    });
  }
  path = join(folder, 'a', 'model.safetensors');
  whole = await readFile(path);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The reason for which a merge with the damaged model is refused; undefined when it is not. */
async function refusal(): Promise<string | undefined> {
  const request = requestOf({
    models: ['a', 'b'].map((name) => model(join(folder, name))),
  });
  return planRecipe(request, methodFromJson({ linear: {} }), contextIn(folder)).then(
    () => undefined,
    (error: unknown) => toAppError(error).reason,
  );
}

test('no bit flip in the length or the header goes by unnoticed but one in what describes nothing', async () => {
  const dataStart = 8 + Number(whole.readBigUInt64LE(0));
  const metadata = whole.indexOf('"format":"pt"');
  const reasons = new Map<string, number>();
  const accepted: number[] = [];
  for (let bit = 0; bit < 8 * dataStart; bit += 1) {
    const damaged = Buffer.from(whole);
    const at = bit >> 3;
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (bit & 7));
    await writeFile(path, damaged);
    const reason = await refusal();
    if (reason === undefined) accepted.push(at);
    else reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  // A flipped letter of a name is another tensor's, or one of a type another size: both models are compared.
  expect([...reasons.keys()].sort()).toEqual(['CORRUPT_SAFETENSORS', 'INCOMPATIBLE_MODELS']);
  const harmless = accepted.every((at) => at > metadata && at < metadata + '"format":"pt"'.length);
  expect({ accepted: harmless ? [] : accepted }).toEqual({ accepted: [] });
});

test('no cut goes by unnoticed, wherever it is', async () => {
  for (let length = whole.length - 1; length >= 0; length -= 1) {
    await writeFile(path, whole);
    await truncate(path, length);
    expect({ length, reason: await refusal() }).toEqual({ length, reason: 'CORRUPT_SAFETENSORS' });
  }
});
