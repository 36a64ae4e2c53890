import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AppError, cancelled, invalidInput } from '@eigenloom/errors';

import { openModel } from './model/open-model.js';
import { opening } from './place.js';
import { golden, newFolder, writeVectors } from './testing/safetensors-bytes.js';

const PLACE = { field: 'models[1].model.uri', uri: 'file:///data/a' };

async function failure(error: Error): Promise<AppError> {
  return opening(PLACE, () => Promise.reject(error)).catch((caught: unknown) => caught as AppError);
}

test('an error says which of the things that a request names it is about', async () => {
  const error = await failure(
    new AppError('CORRUPT_DATA', 'X', 'a: is broken', { details: { file: 'a' }, retryable: true }),
  );
  expect(error).toMatchObject({
    kind: 'CORRUPT_DATA',
    reason: 'X',
    message: 'models[1].model.uri ("/data/a"): a: is broken',
    details: { file: 'a' },
    fieldViolations: [{ field: 'models[1].model.uri', description: 'a: is broken' }],
    retryable: true,
  });
});

test('an error that says so already, and the end of a job, stay as they are', async () => {
  const own = invalidInput('X', 'models[1].model.uri', 'is empty');
  expect(await failure(own)).toBe(own);
  const end = cancelled('CANCELLED', 'cancelled');
  expect(await failure(end)).toBe(end);
});

test('model and adapters are told apart', async () => {
  const folder = await newFolder();
  const places = { model: PLACE, adapters: [{ field: 'models[1].model.adapters[0]', uri: 'lora' }] };
  await expect(openModel(folder, { places })).rejects.toThrow(
    /^models\[1\]\.model\.uri \("\/data\/a"\): the folder/,
  );
  await writeVectors(join(folder, 'model.safetensors'), { a: [1] });
  const adapters = [golden('adapters/lora')];
  await expect(openModel(folder, { places, adapters })).rejects.toMatchObject({
    reason: 'ADAPTER_DOES_NOT_FIT',
    message: expect.stringMatching(/^models\[1\]\.model\.adapters\[0\] \("lora"\): /) as string,
  });
  await expect(openModel(folder, { places, adapters: [folder] })).rejects.toMatchObject({
    reason: 'FILE_NOT_FOUND',
    message:
      'models[1].model.adapters[0] ("lora"): "adapter_config.json": does not exist; the folder holds a model (model.safetensors) instead of an adapter',
  });
  await writeFile(join(folder, 'file'), '');
  await expect(openModel(folder, { places, adapters: [join(folder, 'file')] })).rejects.toMatchObject({
    reason: 'NOT_AN_ADAPTER',
  });
  await rm(folder, { recursive: true });
});
