import { join, resolve } from 'node:path';

import { planAnalysis } from './plan.js';
import { weightRequest } from './testing/requests.js';

const GOLDEN = resolve(__dirname, '../../../tests/golden/peft');

test('folded adapters are among what is read, beside the weights', async () => {
  const base = join(GOLDEN, 'base');
  const lora = join(GOLDEN, 'adapters', 'lora');
  const request = weightRequest('spectrum', { model: { uri: base, adapters: [lora] }, base: { uri: base } });
  const context = { signal: new AbortController().signal, resolve: (uri: string) => Promise.resolve(uri) };
  const files = await (await planAnalysis(request, context)).study.files();
  expect([...files.keys()].sort()).toEqual([
    'base/config.json',
    'base/model.safetensors',
    'model/adapters/0/adapter_config.json',
    'model/adapters/0/adapter_model.safetensors',
    'model/config.json',
    'model/model.safetensors',
  ]);
  expect(files.get('model/adapters/0/adapter_config.json')).toBe(join(lora, 'adapter_config.json'));
});
