import { isStoredBuffer } from './stored-buffer.js';

// Buffers that transformers 5.23 makes without keeping them in files, or ignores when it finds them there.
test.each<[string, number[]]>([
  ['embeddings.position_ids', [1, 512]],
  ['bert.embeddings.position_ids', [1, 512]],
  ['text_model.embeddings.token_type_ids', [1, 512]],
  ['model.layers.3.self_attn.rotary_emb.inv_freq', [64]],
  ['model.rotary_emb.original_inv_freq', [64]],
  ['transformer.h.0.attn.bias', [1, 1, 1024, 1024]],
  ['h.0.crossattention.masked_bias', []],
  ['gpt_neox.layers.0.attention.bias', [1, 1, 8, 8]],
  ['swin.encoder.layers.0.attention.relative_position_index', [49, 49]],
  ['backbone.bn1.num_batches_tracked', []],
])('%s is a buffer', (name, shape) => {
  expect(isStoredBuffer({ name, shape })).toBe(true);
});

test.each<[string, number[]]>([
  ['embeddings.position_embeddings.weight', [512, 8]],
  ['attn.bias', [8]],
  ['attention.bias', [1, 8, 4, 4]],
  ['backbone.bn1.running_mean', [8]],
  ['relative_attention_bias.weight', [32, 8]],
  ['gate.e_score_correction_bias', [8]],
])('%s is none', (name, shape) => {
  expect(isStoredBuffer({ name, shape })).toBe(false);
});
