import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { analysis } from '@eigenloom/contracts';
import type { AppError } from '@eigenloom/errors';
import { SafetensorsWriter } from '@eigenloom/numeric';

import { planAnalysis } from './analysis-plan.js';

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

async function refusal(
  request: Parameters<typeof analysis.AnalyzeRequest.fromPartial>[0],
): Promise<AppError> {
  const context = { signal: new AbortController().signal, resolve: (uri: string) => Promise.resolve(uri) };
  return planAnalysis(analysis.AnalyzeRequest.fromPartial(request), context).then(
    () => {
      throw new Error('nothing was refused');
    },
    (error: unknown) => error as AppError,
  );
}

const spectrum = { $case: 'spectrum' as const, value: {} };
const intruders = { $case: 'intruders' as const, value: {} };

test('an adapter in the place of the model, or of the base, is named by its field', async () => {
  const model = await refusal({ model: { uri: ADAPTER }, method: spectrum });
  expect(model.message).toMatch(/^model\.uri \("[^"]+lora"\): the folder has neither .* it holds an adapter/);
  const base = await refusal({ model: { uri: MODEL }, base: { uri: ADAPTER }, method: intruders });
  expect(base.message).toMatch(/^base\.uri \("[^"]+lora"\): the folder has neither .* it holds an adapter/);
  expect(base.fieldViolations).toMatchObject([{ field: 'base.uri' }]);
});

test('a spectrum of quantized weights is refused: neither codes nor scales are weights', async () => {
  const error = await refusal({ model: { uri: join(folder, 'q') }, method: spectrum });
  expect(error).toMatchObject({ kind: 'INCOMPATIBLE', reason: 'SCALED_WEIGHTS' });
  expect(error.message).toContain('quantization_config.quant_method "awq", and tensor "q.qweight"');
  const base = await refusal({ model: { uri: MODEL }, base: { uri: join(folder, 'q') }, method: intruders });
  expect(base.message).toMatch(/^base\.uri \(.*"q\.qweight"/);
});
