import { isObject } from './json-file.js';
import { type ModelConfig, architecturesOf } from './model/model-config.js';

const EMBEDDING = /(^|[._])(embed\w*|\w*embeddings?|wte|wpe|shared|relative_attention_bias)$/;
const OUTPUT_LAYER =
  /(^|\.)(lm_head|lm_head\.decoder|embed_out|output_layer|cls\.predictions\.decoder|generator_lm_head|vocab_projector)$/;

/** Modules that are `Conv1D` in those families that have it; their other linear modules are stored (out, in) as everywhere. */
const CONV1D = /(^|\.)(c_attn|c_proj|c_fc|q_attn)$/;
/** Families of transformers whose modules of these names are stored (in, out). */
const TRANSPOSED = new Set(['gpt2', 'gpt-sw3', 'openai-gpt', 'imagegpt', 'decision_transformer', 'jais']);
/** Families that have modules of these names as ordinary linear ones. */
const ORDINARY = new Set(['gpt_bigcode', 'gpt_neo', 'starcoder2', 'qwen', 'exaone', 'exaone4', 'codeshell']);
/** Beginnings of class names, for configs without a family. */
const TRANSPOSED_CLASS = /^(GPT2|OpenAIGPT|ImageGPT|DecisionTransformer|JAIS)/;

/** Whether a module is an embedding, by the names that transformers gives them. */
export const isEmbedding = (path: string): boolean => EMBEDDING.test(path);

/** Whether a module is the layer over the vocabulary at the end of a language model. */
export const isOutputLayer = (path: string): boolean => OUTPUT_LAYER.test(path);

/** Whether a module's name is one that stands for weights stored (in, out) in some families. */
export const mayBeTransposed = (path: string): boolean => CONV1D.test(path);

/**
 * Whether the weight of a linear module is stored (in, out) instead of (out, in), by the model's architecture; undefined where its config
 * does not tell.
 */
export function storesTransposed(config: ModelConfig, path: string): boolean | undefined {
  const family = familyOf(config, path);
  const [name] = architecturesOf(config);
  if (!CONV1D.test(path)) return family === undefined && name === undefined ? undefined : false;
  if (family !== undefined) {
    if (TRANSPOSED.has(family)) return true;
    // CLIP's text encoder of CLVP has the names for its feed-forward layers, which are Conv1D.
    if (/^clvp/.test(family)) return /(^|\.)mlp\.c_(fc|proj)$/.test(path);
    return ORDINARY.has(family) ? false : undefined;
  }
  return name === undefined ? undefined : TRANSPOSED_CLASS.test(name);
}

/** The family of the part of a model that a module belongs to: `decoder.…` of a model made of an encoder and a decoder. */
function familyOf(config: ModelConfig, path: string): string | undefined {
  const part = config[path.slice(0, Math.max(0, path.indexOf('.')))];
  const nested = isObject(part) ? part['model_type'] : undefined;
  const type = nested ?? config['model_type'];
  return typeof type === 'string' && type !== '' ? type : undefined;
}
