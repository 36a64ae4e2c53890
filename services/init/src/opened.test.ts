import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { init } from '@eigenloom/contracts';
import type { AppError } from '@eigenloom/errors';
import { SafetensorsWriter } from '@eigenloom/numeric';

import { planInit } from './plan.js';

const PEFT = resolve(__dirname, '../../../tests/golden/peft');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'init-opened-'));
  await mkdir(join(folder, 'q'));
  await writeFile(
    join(folder, 'q', 'config.json'),
    '{"quantization_config": {"quant_method": "bitsandbytes"}}',
  );
  const path = join(folder, 'q', 'model.safetensors');
  const writer = await SafetensorsWriter.create(path, [{ name: 'q.weight', dtype: 'U8', shape: [8, 1] }]);
  await writer.write('q.weight', new Uint8Array(8));
  await writer.finish();
});
afterAll(() => rm(folder, { recursive: true }));

async function refusal(uri: string, ...adapters: string[]): Promise<AppError> {
  const context = { signal: new AbortController().signal, resolve: (path: string) => Promise.resolve(path) };
  const request = init.InitAdapterRequest.fromPartial({
    model: { uri, adapters },
    targetModules: ['q'],
    adapter: { kind: { $case: 'lora', value: { rank: 1 } } },
  });
  return planInit(request, context).then(
    () => {
      throw new Error('nothing was refused');
    },
    (error: unknown) => error as AppError,
  );
}

test('what is no model, and what is no adapter, is named by its field', async () => {
  const model = await refusal(join(PEFT, 'adapters', 'lora'));
  expect(model.message).toMatch(/^model\.uri \("[^"]+lora"\): .* it holds an adapter/);
  const adapter = await refusal(join(PEFT, 'base'), join(PEFT, 'base'));
  expect(adapter.message).toMatch(
    /^model\.adapters\[0\] \("[^"]+base"\): "adapter_config\.json": does not exist; /,
  );
});

test('quantized weights are refused', async () => {
  const error = await refusal(join(folder, 'q'));
  expect(error).toMatchObject({ kind: 'INCOMPATIBLE', reason: 'SCALED_WEIGHTS' });
  expect(error.message).toMatch(
    /^model\.uri \(.*quant_method "bitsandbytes", and tensor "q\.weight" is stored as U8/,
  );
});
