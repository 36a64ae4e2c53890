import type { ModelConfig } from './model/model-config.js';

const EMBEDDING = /(^|[._])(embed\w*|\w*embeddings?|wte|wpe|shared)$/;
const OUTPUT_LAYER = /(^|\.)(lm_head|embed_out|output_layer|cls\.predictions\.decoder)$/;
/** Families of transformers whose linear weights are stored (in, out). */
const TRANSPOSED = new Set(['gpt2', 'openai-gpt', 'imagegpt', 'decision_transformer']);

/** Whether a module is an embedding, by the names that transformers gives them. */
export const isEmbedding = (path: string): boolean => EMBEDDING.test(path);

/** Whether a module is the layer over the vocabulary at the end of a language model. */
export const isOutputLayer = (path: string): boolean => OUTPUT_LAYER.test(path);

/** Whether the linear weights of a model are stored (in, out) instead of (out, in). */
export function storesTransposed(config: ModelConfig): boolean {
  const type = config['model_type'];
  return typeof type === 'string' && TRANSPOSED.has(type);
}
