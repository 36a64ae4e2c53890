import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import type { AppError } from '@eigenloom/errors';
import { SafetensorsWriter } from '@eigenloom/numeric';

import { planAnalysis } from './plan.js';
import { weightRequest } from './testing/requests.js';

const MODEL = resolve(__dirname, '../../../tests/golden/peft/base');
const ADAPTER = resolve(__dirname, '../../../tests/golden/peft/adapters/lora');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'analysis-opened-'));
  await mkdir(join(folder, 'q'));
  await writeFile(join(folder, 'q', 'config.json'), '{"quantization_config": {"quant_method": "awq"}}');
  const planned = [
    { name: 'a.weight', dtype: 'F32', shape: [16, 16] },
    { name: 'q.scales', dtype: 'F32', shape: [16, 16] },
    { name: 'q.qweight', dtype: 'I32', shape: [2, 2] },
  ] as const;
  const writer = await SafetensorsWriter.create(join(folder, 'q', 'model.safetensors'), planned);
  for (const { name, shape } of planned) {
    const elements = shape[0] * shape[1];
    await writer.write(name, name === 'q.qweight' ? new Uint8Array(16) : new Float32Array(elements));
  }
  await writer.finish();
});
afterAll(() => rm(folder, { recursive: true }));

async function refusal(...asked: Parameters<typeof weightRequest>): Promise<AppError> {
  const context = { signal: new AbortController().signal, resolve: (uri: string) => Promise.resolve(uri) };
  return planAnalysis(weightRequest(...asked), context).then(
    () => {
      throw new Error('nothing was refused');
    },
    (error: unknown) => error as AppError,
  );
}

test('an adapter in the place of the model, or of the base, is named by its field', async () => {
  const model = await refusal('spectrum', { model: { uri: ADAPTER } });
  expect(model.message).toMatch(
    /^spectrum\.model\.uri \("[^"]+lora"\): the folder has neither .* it holds an adapter/,
  );
  const base = await refusal('intruders', { model: { uri: MODEL }, base: { uri: ADAPTER } });
  expect(base.message).toMatch(
    /^intruders\.base\.uri \("[^"]+lora"\): the folder has neither .* it holds an adapter/,
  );
  expect(base.fieldViolations).toMatchObject([{ field: 'intruders.base.uri' }]);
});

test('a spectrum of quantized weights is refused: neither codes nor scales are weights', async () => {
  const error = await refusal('spectrum', { model: { uri: join(folder, 'q') } });
  expect(error).toMatchObject({ kind: 'INCOMPATIBLE', reason: 'SCALED_WEIGHTS' });
  expect(error.message).toContain('quantization_config.quant_method "awq", and tensor "q.qweight"');
  const base = await refusal('intruders', { model: { uri: MODEL }, base: { uri: join(folder, 'q') } });
  expect(base.message).toMatch(/^intruders\.base\.uri \(.*"q\.qweight"/);
});
