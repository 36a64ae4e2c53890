import { type ModelConfig, pickEntries } from '@eigenloom/checkpoint';

/** What a config that leaves a key out means; Mixtral's defaults are others. From transformers 5.23. */
const DEFAULTS: Readonly<Record<string, ModelConfig>> = {
  llama: {
    intermediate_size: 11008,
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-6,
    sliding_window: null,
  },
  mistral: {
    intermediate_size: 14336,
    max_position_embeddings: 131072,
    rms_norm_eps: 1e-6,
    num_key_value_heads: 8,
    sliding_window: 4096,
  },
};
const DEFAULT_HEADS = 32;
const DEFAULT_ROPE_THETA = 10000;
/** Keys of dense models that Mixtral does not have. */
const DROPPED = ['pretraining_tp', 'mlp_bias', 'attention_bias'];

/** Families whose layers Mixtral has, but for the experts. */
export const isDenseFamily = (type: unknown): type is string => typeof type === 'string' && type in DEFAULTS;

/** The config of a Mixtral with the base's attention, embeddings and norms. */
export function mixtureConfig(base: ModelConfig, experts: number, perToken: number): ModelConfig {
  const kept = pickEntries(base, (key) => !DROPPED.includes(key));
  const defaults = DEFAULTS[String(base['model_type'])] ?? {};
  const positions =
    'rope_parameters' in base || 'rope_theta' in base ? {} : { rope_theta: DEFAULT_ROPE_THETA };
  return {
    num_key_value_heads: base['num_attention_heads'] ?? DEFAULT_HEADS,
    ...defaults,
    ...positions,
    ...kept,
    architectures: ['MixtralForCausalLM'],
    model_type: 'mixtral',
    num_local_experts: experts,
    num_experts_per_tok: perToken,
  };
}
