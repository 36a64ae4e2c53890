import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SafetensorsWriter } from '@eigenloom/numeric';

import { newFolder } from '../testing/safetensors-bytes.js';
import { openModel } from './open-model.js';

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Shapes = Readonly<Record<string, readonly number[]>>;

async function write(name: string, file: string, tensors: Shapes, configs: object): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  const plans = Object.entries(tensors).map(([tensor, shape]) => ({
    name: tensor,
    dtype: 'F32' as const,
    shape,
  }));
  const writer = await SafetensorsWriter.create(join(path, file), plans);
  for (const { name: tensor, shape } of plans) {
    await writer.write(tensor, new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(1));
  }
  await writer.finish();
  for (const [config, content] of Object.entries(configs)) {
    await writeFile(join(path, config), JSON.stringify(content));
  }
  return path;
}

const Q = 'model.layers.0.self_attn.q_proj';

async function fold(
  base: object,
  task: string,
  more: object = {},
  extra: Shapes = {},
): Promise<Readonly<Record<string, unknown>>> {
  const weights = { [`${Q}.weight`]: [2, 2], ...extra };
  const model = await write('base', 'model.safetensors', weights, { 'config.json': base });
  const pair = {
    [`base_model.model.${Q}.lora_A.weight`]: [1, 2],
    [`base_model.model.${Q}.lora_B.weight`]: [2, 1],
  };
  const head = { 'base_model.model.score.weight': [3, 2] };
  const settings = {
    ...{ peft_type: 'LORA', r: 1, lora_alpha: 1, target_modules: ['q_proj'] },
    ...{ modules_to_save: ['score'], task_type: task },
  };
  const adapter = await write(
    'adapter',
    'adapter_model.safetensors',
    { ...pair, ...head },
    {
      'adapter_config.json': settings,
      ...more,
    },
  );
  return (await openModel(model, { adapters: [adapter] })).config;
}

const LLAMA = { model_type: 'llama', architectures: ['LlamaForCausalLM'] };
const named = (...names: string[]): object => ({
  id2label: Object.fromEntries(names.map((name, row) => [String(row), name])),
  label2id: Object.fromEntries(names.map((name, row) => [name, row])),
});

test('a head that an adapter brings gets its class and as many classes as it has rows', async () => {
  expect(await fold(LLAMA, 'SEQ_CLS')).toEqual({
    ...{ model_type: 'llama', architectures: ['LlamaForSequenceClassification'] },
    ...named('LABEL_0', 'LABEL_1', 'LABEL_2'),
  });
});

test('the names of the classes are those beside the adapter', async () => {
  const more = { 'config.json': named('x', 'y', 'z') };
  expect(await fold(LLAMA, 'TOKEN_CLS', more)).toMatchObject({
    architectures: ['LlamaForTokenClassification'],
    ...named('x', 'y', 'z'),
  });
});

test.each([
  ['BertModel', 'BertForSequenceClassification'],
  ['GPT2LMHeadModel', 'GPT2ForSequenceClassification'],
  ['DebertaV2ForMaskedLM', 'DebertaV2ForSequenceClassification'],
])('%s becomes %s', async (before, after) => {
  const more = { 'config.json': named('x', 'y') };
  expect(await fold({ model_type: 'any', architectures: [before] }, 'SEQ_CLS', more)).toMatchObject({
    architectures: [after],
    ...named('LABEL_0', 'LABEL_1', 'LABEL_2'),
  });
});

test.each<[string, string, object, Shapes]>([
  ['an adapter of another task', 'CAUSAL_LM', LLAMA, {}],
  ['a head that the model had', 'SEQ_CLS', { ...LLAMA, ...named('a', 'b', 'c') }, { 'score.weight': [3, 2] }],
  ['weights without a config', 'SEQ_CLS', {}, {}],
])('%s leaves the config as it is', async (_what, task, base, extra) => {
  expect(await fold(base, task, {}, extra)).toEqual(base);
});
