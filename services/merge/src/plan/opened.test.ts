import { requestFromObject } from '@eigenloom/runtime';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppError } from '@eigenloom/errors';
import { SafetensorsWriter } from '@eigenloom/numeric';

import { mergeKind } from '../kind.js';
import { contextIn, newFolder } from '../testing/job-context.js';
import { tinyLlama, writeTinyModel } from '../testing/tiny-model.js';

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
  await writeTinyModel(join(folder, 'ok'), tinyLlama(1, 2), { model_type: 'llama' });
  await mkdir(join(folder, 'lora'));
  await writeFile(join(folder, 'lora', 'adapter_config.json'), '{"peft_type": "LORA"}');
  await writeFile(join(folder, 'lora', 'adapter_model.safetensors'), 'x');
  await writeQuantized('gptq');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function writeQuantized(name: string): Promise<void> {
  await mkdir(join(folder, name));
  const config = { model_type: 'llama', quantization_config: { quant_method: 'gptq' } };
  await writeFile(join(folder, name, 'config.json'), JSON.stringify(config));
  const path = join(folder, name, 'model.safetensors');
  const writer = await SafetensorsWriter.create(path, [{ name: 'q.qweight', dtype: 'I32', shape: [1, 2] }]);
  await writer.write('q.qweight', new Uint8Array(8));
  await writer.finish();
}

async function refusal(json: object): Promise<AppError> {
  const context = { ...contextIn(folder), resolve: (uri: string) => Promise.resolve(join(folder, uri)) };
  const request = requestFromObject('merge', json);
  return Promise.resolve(mergeKind.validate(request, context)).then(
    () => {
      throw new Error('nothing was refused');
    },
    (error: unknown) => error as AppError,
  );
}

const ref = (uri: string, ...adapters: string[]): object => ({ model: { uri, adapters } });
const mergekit = (config: object): object => ({ mergekit: { config: JSON.stringify(config) } });

/** Every way in which a request names a model that is opened. */
const ENTRIES: [title: string, request: (bad: string) => object, field: string, label: string][] = [
  ['a model', (bad) => ({ models: [ref('ok'), ref(bad)], linear: {} }), 'models[1].model.uri', 'models[1]'],
  ['a base', (bad) => ({ base: { uri: bad }, models: [ref('ok')], ties: {} }), 'base.uri', 'base'],
  [
    'a model of mergekit',
    (bad) =>
      mergekit({
        merge_method: 'linear',
        parameters: { weight: 1 },
        models: [{ model: 'ok' }, { model: bad }],
      }),
    'mergekit.models[1].model',
    'mergekit.models[1].model',
  ],
  [
    'the base of mergekit',
    (bad) => mergekit({ merge_method: 'task_arithmetic', base_model: bad, models: [{ model: 'ok' }] }),
    'mergekit.base_model',
    'mergekit.base_model',
  ],
  [
    'a source of a slice',
    (bad) =>
      mergekit({
        merge_method: 'passthrough',
        slices: [{ sources: [{ model: bad, layer_range: [0, 1] }] }],
      }),
    'mergekit.slices[0].sources[0].model',
    'mergekit.slices[0].sources[0].model',
  ],
  [
    'what an adapter is extracted from',
    (bad) => ({ base: { uri: 'ok' }, models: [ref(bad)], extract_adapter: { rank: 1 } }),
    'models[0].model.uri',
    'models[0]',
  ],
  [
    'an expert',
    (bad) => ({
      base: { uri: 'ok' },
      models: [ref('ok'), ref(bad)],
      mixture_of_experts: { gate_mode: 'GATE_MODE_RANDOM' },
    }),
    'models[1].model.uri',
    'models[1]',
  ],
];

test.each(ENTRIES)('an adapter given as %s is named, and what it is', async (_title, request, field) => {
  const error = await refusal(request('lora'));
  expect(error).toMatchObject({ reason: 'NO_WEIGHTS', fieldViolations: [{ field }] });
  expect(error.message).toContain(`${field} ("lora"): the folder has neither model.safetensors nor`);
  expect(error.message).toMatch(/it holds an adapter: .* BASE\+ADAPTER$/);
});

test.each(ENTRIES)('quantized weights given as %s are refused', async (_title, request, _field, label) => {
  const error = await refusal(request('gptq'));
  expect(error).toMatchObject({ kind: 'INCOMPATIBLE', reason: 'SCALED_WEIGHTS' });
  expect(error.message).toBe(
    `${label}: config.json says quantization_config.quant_method "gptq", and tensor "q.qweight" belongs to quantized weights; dequantize the model first`,
  );
});

test('the base of an adapter is looked at before the adapter', async () => {
  const error = await refusal({ models: [ref('gptq', 'lora'), ref('ok')], linear: {} });
  expect(error.message).toMatch(/^models\[0\]: config\.json says quantization_config\.quant_method "gptq"/);
});

test('an adapter is named by its own field', async () => {
  const error = await refusal({ models: [ref('ok'), ref('ok', 'lora')], linear: {} });
  expect(error).toMatchObject({ reason: 'CORRUPT_SAFETENSORS' });
  expect(error.message).toMatch(
    /^models\[1\]\.model\.adapters\[0\] \("lora"\): adapter_model\.safetensors: /,
  );
});

test('a model given as an adapter is named', async () => {
  const one = await refusal({ models: [ref('ok', 'ok'), ref('ok')], linear: {} });
  expect(one.message).toBe(
    'models[0].model.adapters[0] ("ok"): "adapter_config.json": does not exist; the folder holds a model (model.safetensors) instead of an adapter',
  );
  const two = await refusal({ models: [ref('lora'), ref('ok')], adapter_linear: {} });
  expect(two.message).toMatch(/^models\[\d\]\.model\.uri \("(?:lora|ok)"\): /);
});
