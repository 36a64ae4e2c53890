import { factorKey, pairKey, parseKey, savedKey } from './adapter-keys.js';
import type { PeftParts } from './peft-format.js';

const factor = (module: string, name: string): object => ({ part: 'factor', module, name });
const pair = (module: string, side: 'a' | 'b', kind = 'linear'): object =>
  factor(module, `lora_${kind === 'linear' ? '' : 'embedding_'}${side.toUpperCase()}`);
const saved = (tensor: string, wrapped = false): object => ({ part: 'saved', tensor, wrapped });

test.each([
  ['base_model.model.a.q.lora_A.weight', pair('a.q', 'a')],
  ['base_model.model.a.q.lora_B.default.weight', pair('a.q', 'b')],
  ['base_model.model.a.q.lora_B.my-adapter.weight', pair('a.q', 'b')],
  ['a.q.lora_A.weight', pair('a.q', 'a')],
  ['base_model.model._orig_mod.a.q.lora_A.weight', pair('a.q', 'a')],
  ['_orig_mod.base_model.model.a.q.lora_A.weight', pair('a.q', 'a')],
  ['module.base_model.model.a.q.lora_A.weight', pair('a.q', 'a')],
  ['base_model.model.module.a.q.lora_A.weight', pair('a.q', 'a')],
  ['base_model.model.base_model.model.a.q.lora_A.weight', pair('a.q', 'a')],
  [
    'base_model.model.a._fsdp_wrapped_module.q._checkpoint_wrapped_module.lora_A.default.weight',
    pair('a.q', 'a'),
  ],
  ['base_model.model.e.lora_embedding_A', pair('e', 'a', 'embedding')],
  ['base_model.model.e.lora_embedding_B.default', pair('e', 'b', 'embedding')],
  ['base_model.model.q.poly_lora_A', factor('q', 'poly_lora_A')],
  ['base_model.model.q.poly_lora_B.default', factor('q', 'poly_lora_B')],
  ['base_model.model.q.poly_router.default.module_logits', factor('q', 'poly_router')],
  ['base_model.model._orig_mod.q.poly_router.module_logits', factor('q', 'poly_router')],
  ['base_model.model.score.weight', saved('score.weight')],
  ['base_model.model.score.modules_to_save.default.weight', saved('score.weight', true)],
  ['base_model.model.score.modules_to_save.weight', saved('score.weight', true)],
  ['base_model.model.c.modules_to_save.other.dense.bias', saved('c.dense.bias', true)],
  ['base_model.model.q.base_layer.bias', { part: 'own', tensor: 'q.bias' }],
  ['base_model.model._orig_mod.q.base_layer.weight', { part: 'own', tensor: 'q.weight' }],
  ['base_model.model.score.original_module.weight', { part: 'original', tensor: 'score.weight' }],
  // A module may be called like a wrapper of another place, and like an adapter.
  ['base_model.model.encoder.module.weight', saved('encoder.module.weight')],
  ['base_model.model.default.q.lora_A.default.weight', pair('default.q', 'a')],
])('%s', (key, meaning) => {
  expect(parseKey(key)).toEqual(meaning);
});

test.each([
  'base_model.model.q.lora_magnitude_vector',
  'base_model.model.q.lora_magnitude_vector.default.weight',
  'base_model.model.q.lora_B.bias',
  'base_model.model.q.lora_A.x.y.weight',
  'base_model.model.e.token_adapter.trainable_tokens_delta',
  'base_model.model.q.modules_to_save',
])('%s has no meaning', (key) => {
  expect(parseKey(key)).toEqual({ part: 'unknown' });
});

test('what is written is decoded to the same, and lies where PEFT looks for it', () => {
  const modules = new Set(['a.q']);
  expect(savedKey('a.q.bias', modules)).toBe('base_model.model.a.q.base_layer.bias');
  expect(savedKey('a.k.bias', modules)).toBe('base_model.model.a.k.bias');
  expect(parseKey(savedKey('a.q.bias', modules))).toEqual({ part: 'own', tensor: 'a.q.bias' });
  for (const kind of ['linear', 'embedding'] as const) {
    for (const side of ['a', 'b'] as const)
      expect(parseKey(pairKey('a.q', kind, side))).toEqual(pair('a.q', side, kind));
  }
});

test('tensors of other kinds lie under a module, under base_model, or under their bare name', () => {
  const parts: PeftParts = {
    vera_A: { at: 'shared' },
    vera_lambda_b: { at: 'module' },
    oft_R: { at: 'module', leaf: 'weight' },
    prompt_embeddings: { at: 'root' },
  };
  const keys: [name: string, module: string | null, key: string][] = [
    ['vera_A', null, 'base_model.vera_A'],
    ['vera_lambda_b', 'a.q', 'base_model.model.a.q.vera_lambda_b'],
    ['oft_R', 'a.q', 'base_model.model.a.q.oft_R.weight'],
    ['prompt_embeddings', null, 'prompt_embeddings'],
  ];
  for (const [name, module, key] of keys) {
    expect(factorKey(parts, name, module)).toBe(key);
    expect(parseKey(key, parts)).toEqual({ part: 'factor', name, module });
  }
  expect(parseKey('base_model.model.a.q.vera_lambda_b.default', parts)).toMatchObject({ module: 'a.q' });
  expect(parseKey('base_model.model.a.q.lora_A.weight', parts)).toEqual({ part: 'unknown' });
});
