import { familyOf } from './index.js';

const LLAMA = {
  model_type: 'llama',
  vocab_size: 12,
  hidden_size: 8,
  intermediate_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
};
const BERT = { ...LLAMA, model_type: 'bert', max_position_embeddings: 8 };
const parse = (config: object): unknown => familyOf({ ...config }).parseConfig({ ...config });

// What transformers 5.23 refuses, with the same tiny configs.
test.each([
  [LLAMA, 'rms_norm_eps', null],
  [LLAMA, 'max_position_embeddings', null],
  [LLAMA, 'initializer_range', null],
  [LLAMA, 'rope_theta', null],
  [LLAMA, 'hidden_act', null],
  [LLAMA, 'attention_bias', null],
  [LLAMA, 'mlp_bias', 'true'],
  [LLAMA, 'tie_word_embeddings', null],
  [LLAMA, 'intermediate_size', null],
  [LLAMA, 'intermediate_size', '16'],
  [LLAMA, 'hidden_size', true],
  [LLAMA, 'num_hidden_layers', 1.5],
  [LLAMA, 'num_key_value_heads', 0],
  [LLAMA, 'rms_norm_eps', NaN],
  [BERT, 'type_vocab_size', null],
  [BERT, 'layer_norm_eps', null],
  [BERT, 'initializer_range', null],
  [BERT, 'max_position_embeddings', null],
])('%#: %j with %s: %j is refused by name', (config, key, value) => {
  expect(() => parse({ ...config, [key]: value })).toThrow(`config.json: ${key}: `);
});

test.each([
  [LLAMA, 'num_key_value_heads'],
  [LLAMA, 'head_dim'],
  [LLAMA, 'rope_scaling'],
  [LLAMA, 'rope_parameters'],
  [LLAMA, 'pad_token_id'],
  [BERT, 'pad_token_id'],
  [BERT, 'position_embedding_type'],
])('%#: where transformers takes null for "not given" it is taken so: %j, %s', (config, key) => {
  expect(parse({ ...config, [key]: null })).toEqual(parse(config));
});

test('a message says what was found', () => {
  expect(() => parse({ ...LLAMA, hidden_size: null })).toThrow(
    'hidden_size: is null, and must be a positive integer',
  );
  expect(() => parse({ ...LLAMA, hidden_size: undefined })).toThrow('hidden_size: is missing, and must be');
});
