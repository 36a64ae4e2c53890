import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { golden, newFolder } from '../testing/safetensors-bytes.js';
import { type Tensors, writeTinyAdapter, writeTinyModel } from '../testing/tensor-files.js';
import type { Model } from './model.js';
import { openModel } from './open-model.js';
import { tiesEmbeddings, untiedConfig } from './tied-embeddings.js';
import { untiedView } from './untied-view.js';

let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const tied = (path: string): string => golden(join('..', 'tied', path));
const [EMBEDDINGS, HEAD] = ['model.embed_tokens.weight', 'lm_head.weight'];

describe('as PEFT computes', () => {
  test.each(['save_embed', 'save_head', 'save_both', 'pair_embed', 'pair_head', 'pair_both'])(
    '%s: two weights, and the config says so',
    async (name) => {
      const model = await openModel(tied('base'), { adapters: [tied(name)] });
      const expected = await openModel(tied(`${name}/expected.safetensors`));
      expect(model.config['tie_word_embeddings']).toBe(false);
      expect(model.untied).toBe(true);
      for (const tensor of [EMBEDDINGS, HEAD]) {
        const values = await model.read(tensor, 'f64');
        const wanted = await expected.read(tensor, 'f64');
        expect(Math.max(...values.map((value, i) => Math.abs(value - (wanted[i] ?? NaN))))).toBeLessThan(
          1e-6,
        );
      }
    },
  );

  test('save_tied: what is equal stays one weight', async () => {
    const model = await openModel(tied('base'), { adapters: [tied('save_tied')] });
    const expected = await openModel(tied('save_tied/expected.safetensors'));
    expect(model.config['tie_word_embeddings']).toBe(true);
    expect(model.tensors.has(HEAD)).toBe(false);
    expect(await model.read(EMBEDDINGS, 'f32')).toEqual(await expected.read(EMBEDDINGS, 'f32'));
  });
});

const P = 'base_model.model.';
const table = (...values: number[]): Tensors[string] => [[2, 1], values];
const base: Tensors = { [EMBEDDINGS]: table(1, 2) };
let made = 0;

async function fold(
  adapter: Tensors,
  config: object,
  model: Readonly<Record<string, unknown>>,
  tensors: Tensors = base,
): Promise<Model> {
  const name = String((made += 1));
  const path = await writeTinyModel(join(folder, `m${name}`), tensors, model);
  const lora = await writeTinyAdapter(join(folder, `a${name}`), adapter, { target_modules: [], ...config });
  return openModel(path, { adapters: [lora] });
}
const values = async (model: Model, name: string): Promise<number[]> => [...(await model.read(name, 'f64'))];

test('pairs on both that are each other’s transpose leave one weight', async () => {
  const pairs: Tensors = {
    [`${P}model.embed_tokens.lora_embedding_A`]: [
      [1, 2],
      [3, 4],
    ],
    [`${P}model.embed_tokens.lora_embedding_B`]: [[1, 1], [2]],
    [`${P}lm_head.lora_A.weight`]: [[1, 1], [2]],
    [`${P}lm_head.lora_B.weight`]: [
      [2, 1],
      [3, 4],
    ],
  };
  const config = { target_modules: ['embed_tokens', 'lm_head'] };
  const model = await fold(pairs, config, { tie_word_embeddings: true });
  expect([...model.tensors.keys()]).toEqual([EMBEDDINGS]);
  expect(model.config['tie_word_embeddings']).toBe(true);
  expect(await values(model, EMBEDDINGS)).toEqual([7, 10]);
});

test('a stored copy of the base under a pair is that of both names', async () => {
  const adapter: Tensors = {
    [`${P}lm_head.lora_A.weight`]: [[1, 1], [1]],
    [`${P}lm_head.lora_B.weight`]: table(1, 1),
    [`${P}lm_head.base_layer.weight`]: table(5, 6),
  };
  const model = await fold(adapter, { target_modules: ['lm_head'] }, { tie_word_embeddings: true });
  expect(await values(model, EMBEDDINGS)).toEqual([5, 6]);
  expect(await values(model, HEAD)).toEqual([6, 7]);
});

test('a weight that is written over, and not a copy, stays one', async () => {
  const model = await fold(
    { [`${P}model.embed_tokens.weight`]: table(3, 4) },
    {},
    { tie_word_embeddings: true },
  );
  expect(model.untied).toBe(false);
  expect(await values(model, EMBEDDINGS)).toEqual([3, 4]);
});

const copyOfHead = { [`${P}lm_head.weight`]: table(8, 9) };
const saveHead = { modules_to_save: ['lm_head'] };

test('every place of the config that says it, and those that versions of transformers read', async () => {
  const config = {
    model_type: 'gemma3',
    architectures: ['Gemma3ForConditionalGeneration'],
    text_config: { vocab_size: 2, tie_word_embeddings: true },
    vision_config: { hidden_size: 1 },
  };
  const tensors = { 'model.language_model.embed_tokens.weight': table(1, 2) };
  const model = await fold(copyOfHead, saveHead, config, tensors);
  expect(model.config).toEqual({
    ...config,
    tie_word_embeddings: false,
    text_config: { vocab_size: 2, tie_word_embeddings: false },
  });
  expect(await values(model, 'model.language_model.embed_tokens.weight')).toEqual([1, 2]);
});

test.each([
  [{ model_type: 'gemma', architectures: ['GemmaForCausalLM'] }, true],
  [{ model_type: 'gpt2', architectures: ['GPT2LMHeadModel'] }, true],
  [{ model_type: 'llama', architectures: ['LlamaForCausalLM'] }, undefined],
  [{ model_type: 'llama', tie_word_embeddings: null }, false],
  [{ model_type: 'x', text_config: { tie_word_embeddings: true } }, true],
  [{ model_type: 'x', tie_word_embeddings: false, text_config: { tie_word_embeddings: true } }, false],
  [{}, undefined],
])('%j is tied: %s', (config, expected) => {
  expect(tiesEmbeddings(config)).toBe(expected);
});

test('a family that is tied without saying so', async () => {
  const pair: Tensors = {
    [`${P}model.embed_tokens.lora_embedding_A`]: [
      [1, 2],
      [3, 4],
    ],
    [`${P}model.embed_tokens.lora_embedding_B`]: [[1, 1], [2]],
  };
  const gemma = { model_type: 'gemma', architectures: ['GemmaForCausalLM'] };
  const model = await fold(pair, { target_modules: ['embed_tokens'] }, gemma);
  expect(model.config['tie_word_embeddings']).toBe(false);
  expect(await values(model, HEAD)).toEqual([1, 2]);
  expect(await values(model, EMBEDDINGS)).toEqual([7, 10]);
  const bare = await fold(
    pair,
    { target_modules: ['embed_tokens'] },
    { ...gemma, architectures: ['GemmaModel'] },
  );
  expect([...bare.tensors.keys()]).toEqual([EMBEDDINGS]);
  const unnamed = await fold(pair, { target_modules: ['embed_tokens'] }, { model_type: 'gemma' });
  expect([...unnamed.tensors.keys()]).toEqual([EMBEDDINGS, HEAD]);
});

test('a head of the base that is stored twice', async () => {
  const both = { ...base, [HEAD]: table(1, 2) };
  const model = await fold(copyOfHead, saveHead, { tie_word_embeddings: true }, both);
  expect(model.config['tie_word_embeddings']).toBe(false);
  expect(await values(model, HEAD)).toEqual([8, 9]);
});

test('an adapter that leaves both alone changes nothing of this', async () => {
  const config = { tie_word_embeddings: true };
  const pair: Tensors = { [`${P}q.lora_A.weight`]: [[1, 1], [1]], [`${P}q.lora_B.weight`]: [[1, 1], [1]] };
  const tensors: Tensors = { ...base, [HEAD]: table(3, 4), 'q.weight': [[1, 1], [0]] };
  const model = await fold(pair, { target_modules: ['q'] }, config, tensors);
  expect(model.config).toEqual(config);
  expect(model.untied).toBe(false);
});

test('T5 cannot be told to have a head of its own', async () => {
  const t5 = { model_type: 't5', architectures: ['T5ForConditionalGeneration'], tie_word_embeddings: true };
  await expect(fold(copyOfHead, saveHead, t5, { 'shared.weight': table(1, 2) })).rejects.toMatchObject({
    reason: 'TIED_EMBEDDINGS',
  });
});

test('a tied model seen with a head has the weight under both names', async () => {
  const path = await writeTinyModel(join(folder, 'view'), base, { tie_word_embeddings: true });
  const view = untiedView(await openModel(path));
  expect(view.config).toEqual({ tie_word_embeddings: false });
  expect(await values(view, HEAD)).toEqual([1, 2]);
  expect(view.tensors.get(HEAD)).toMatchObject({ name: HEAD, shape: [2, 1] });
  expect(untiedView(view)).toBe(view);
});

test('an empty config stays empty', () => {
  expect(untiedConfig({})).toEqual({});
});
