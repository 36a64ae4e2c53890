import type { ModelConfig } from '@eigenloom/checkpoint';

/** What a number of a config says of layers by their place. */
export interface PlaceRule {
  readonly key: string;
  /** The first so many are of a kind, the last so many, or every so manyth. */
  readonly says: 'first' | 'last' | 'every';
  /** Whether something else in the same object makes the number void. */
  readonly isVoid: (section: ModelConfig) => boolean;
}

const lists =
  (...keys: readonly string[]) =>
  (section: ModelConfig): boolean =>
    keys.some((key) => Array.isArray(section[key]));

const byAttention = lists('layer_types', 'layers_block_type', 'attn_layer_indices');
const byMlp = lists('mlp_layer_types', 'moe_layers');

/** Numbers of the configs of transformers that tell kinds of layers by their place. */
export const PLACE_RULES: readonly PlaceRule[] = [
  { key: 'first_k_dense_replace', says: 'first', isVoid: byMlp },
  { key: 'num_dense_layers', says: 'first', isVoid: byMlp },
  { key: 'num_first_full_attention_layers', says: 'first', isVoid: byAttention },
  {
    key: 'max_window_layers',
    says: 'first',
    isVoid: (section) => byAttention(section) || section['use_sliding_window'] !== true,
  },
  { key: 'num_kv_shared_layers', says: 'last', isVoid: () => false },
  { key: 'num_last_full_attention_layers', says: 'last', isVoid: byAttention },
  { key: 'sliding_window_pattern', says: 'every', isVoid: byAttention },
  { key: '_sliding_window_pattern', says: 'every', isVoid: byAttention },
  { key: 'full_attention_interval', says: 'every', isVoid: byAttention },
  { key: 'attn_layer_period', says: 'every', isVoid: byAttention },
  { key: 'global_attn_every_n_layers', says: 'every', isVoid: byAttention },
  { key: 'hybrid_attention_period', says: 'every', isVoid: byAttention },
  { key: 'no_rope_layer_interval', says: 'every', isVoid: lists('no_rope_layers') },
  { key: 'cross_attention_frequency', says: 'every', isVoid: lists('cross_attention_layers') },
  { key: 'decoder_sparse_step', says: 'every', isVoid: byMlp },
  { key: 'encoder_sparse_step', says: 'every', isVoid: byMlp },
  { key: 'moe_layer_freq', says: 'every', isVoid: byMlp },
  { key: 'moe_every_n_layers', says: 'every', isVoid: byMlp },
  { key: 'interleave_moe_layer_step', says: 'every', isVoid: byMlp },
  { key: 'expert_layer_period', says: 'every', isVoid: byMlp },
];

/** A period: a number, or a text with a letter for each place (`LLLG`). */
export const periodOf = (value: unknown): number | undefined =>
  typeof value === 'string' ? value.length : typeof value === 'number' && value > 0 ? value : undefined;
