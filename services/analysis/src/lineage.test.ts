import { join, resolve } from 'node:path';

import { openModel } from '@eigenloom/checkpoint';
import { lineageOf } from './lineage.js';

const GOLDEN = resolve(__dirname, '../../../tests/golden/peft');

test('folded adapters are among what was read, beside the weights', async () => {
  const base = join(GOLDEN, 'base');
  const lora = join(GOLDEN, 'adapters', 'lora');
  const [model, other] = [await openModel(base, { adapters: [lora] }), await openModel(base)];
  const adapters = new Map([['model/adapters/0', lora]]);
  const { inputs } = await lineageOf({ model, base: other, adapters }, new AbortController().signal);
  expect(Object.keys(inputs).sort()).toEqual([
    'base/model.safetensors',
    'model/adapters/0/adapter_config.json',
    'model/adapters/0/adapter_model.safetensors',
    'model/model.safetensors',
  ]);
  expect(new Set(Object.values(inputs)).size).toBe(3);
});
