import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { AppError } from '@eigenloom/errors';
import { SafetensorsWriter } from '@eigenloom/numeric';

import { newFolder, requestOf, TINY_BERT, writeExamples } from '../testing/tiny-runs.js';
import { checkInputs } from './check-inputs.js';
import { resolvePlan } from './resolve-plan.js';

let folder: string;
let data: string;
beforeAll(async () => {
  folder = await newFolder();
  data = await writeExamples(folder, 'train.jsonl', 4);
  await mkdir(join(folder, 'adapter'));
  await writeFile(join(folder, 'adapter', 'adapter_config.json'), '{"peft_type": "LORA"}');
  await mkdir(join(folder, 'q'));
  await writeFile(join(folder, 'q', 'config.json'), '{"quantization_config": {"quant_method": "fp8"}}');
  const path = join(folder, 'q', 'model.safetensors');
  const writer = await SafetensorsWriter.create(path, [
    { name: 'q.weight', dtype: 'F8_E4M3', shape: [2, 2] },
  ]);
  await writer.write('q.weight', new Uint8Array(4));
  await writer.finish();
});
afterAll(() => rm(folder, { recursive: true }));

async function refusal(uri: string, method: object = { full: {} }): Promise<AppError> {
  const request = requestOf({
    model: { uri },
    trainData: { uri: data },
    sequenceClassification: {},
    batching: { maxLength: 16 },
    ...method,
  });
  const { signal } = new AbortController();
  const checked = async (): Promise<unknown> => {
    const plan = await resolvePlan(request, { signal, resolve: (path) => Promise.resolve(path) });
    return checkInputs(plan, signal, request);
  };
  return checked().then(
    () => {
      throw new Error('nothing was refused');
    },
    (error: unknown) => error as AppError,
  );
}

test('what is no model, and what is no adapter, is named by its field', async () => {
  const model = await refusal(join(folder, 'adapter'));
  expect(model.message).toMatch(/^model\.uri \("[^"]+adapter"\): .* it holds an adapter/);
  const adapter = await refusal(TINY_BERT, { adapter: { uri: TINY_BERT } });
  expect(adapter.message).toMatch(
    /^adapter\.uri \("[^"]+"\): "adapter_config\.json": does not exist; the folder holds a model/,
  );
  expect(adapter.fieldViolations).toMatchObject([{ field: 'adapter.uri' }]);
});

test('quantized weights are refused', async () => {
  const error = await refusal(join(folder, 'q'));
  expect(error).toMatchObject({ kind: 'INCOMPATIBLE', reason: 'SCALED_WEIGHTS' });
  expect(error.message).toMatch(
    /^model\.uri \(.*quant_method "fp8", and tensor "q\.weight" is stored as F8_E4M3/,
  );
});
