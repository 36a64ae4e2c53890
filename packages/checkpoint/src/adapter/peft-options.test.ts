import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openModel } from '../model/open-model.js';
import { golden } from '../testing/safetensors-bytes.js';

const more = (path: string): string => golden(join('..', 'peft-more', path));

test.each([
  'lora_bias_lora_only',
  'lora_bias_all',
  'lora_conv1d',
  'lora_embed',
  'lora_lm_head',
  'lora_regex',
  'lora_layers_to_transform',
  'lora_exclude',
  'lora_modules_to_save',
])('%s folds as PEFT merges it', async (name) => {
  const config = JSON.parse(await readFile(more(`${name}/adapter_config.json`), 'utf8')) as Record<
    string,
    string
  >;
  const said = config['base_model_name_or_path'] ?? '';
  const path = said.startsWith('bases/') ? more(said) : golden('base');
  const base = await openModel(path);
  const folded = await openModel(path, { adapters: [more(name)] });
  const merged = await openModel(more(`${name}/merged.safetensors`));
  expect([...folded.tensors.keys()].sort()).toEqual([...base.tensors.keys()].sort());
  for (const tensor of folded.tensors.keys()) {
    const changed = merged.tensors.has(tensor);
    const expected = await (changed ? merged : base).read(tensor, 'f64');
    const values = await folded.read(tensor, 'f64');
    const norm = Math.hypot(...expected);
    const error = Math.hypot(...values.map((value, index) => value - (expected[index] ?? NaN)));
    expect(error).toBeLessThanOrEqual(changed ? 1e-6 * norm : 0);
  }
});
