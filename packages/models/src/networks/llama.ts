import { rmsNorm, silu, tf } from '@eigenloom/engine';
import { attend, splitHeads } from '../forward/attention.js';
import { embed } from '../forward/embedding.js';
import type { ForwardPass } from '../forward/forward-pass.js';
import type { Batch } from '../tokens/batch.js';
import type { Architecture, LinearGroup, NetworkConfig, ParameterSpec } from './architecture.js';
import {
  badConfig,
  derivedSize,
  flagField,
  numberField,
  requireOneOf,
  sizeField,
  type RawConfig,
} from './config-field.js';
import { ropeFrequencies, ropeTables, rotate, type RopeTables } from './rope.js';

interface LlamaConfig extends NetworkConfig {
  readonly intermediateSize: number;
  readonly keyValueHeadCount: number;
  readonly headSize: number;
  readonly rmsNormEpsilon: number;
  readonly frequencies: Float64Array;
  readonly tiedEmbeddings: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
}

const layerPath = (prefix: string, layer: number): string => `${prefix}layers.${layer}`;

function parseConfig(config: RawConfig): LlamaConfig {
  requireOneOf(config, 'hidden_act', ['silu']);
  const hiddenSize = sizeField(config, 'hidden_size');
  const headCount = sizeField(config, 'num_attention_heads');
  const keyValueHeadCount = derivedSize(config, 'num_key_value_heads', headCount);
  const headSize = derivedSize(config, 'head_dim', hiddenSize / headCount);
  if (headCount % keyValueHeadCount !== 0)
    throw badConfig('num_key_value_heads', 'does not divide num_attention_heads');
  if (headSize % 2 !== 0) throw badConfig('head_dim', 'must be even');
  return {
    hiddenSize,
    headCount,
    keyValueHeadCount,
    headSize,
    layerCount: sizeField(config, 'num_hidden_layers'),
    vocabularySize: sizeField(config, 'vocab_size'),
    maxPositions: sizeField(config, 'max_position_embeddings', 2048),
    padTokenId: numberField({ pad_token_id: config['pad_token_id'] ?? 0 }, 'pad_token_id'),
    initializerRange: numberField(config, 'initializer_range', 0.02),
    intermediateSize: sizeField(config, 'intermediate_size'),
    rmsNormEpsilon: numberField(config, 'rms_norm_eps', 1e-6),
    frequencies: ropeFrequencies(config, headSize),
    tiedEmbeddings: flagField(config, 'tie_word_embeddings'),
    attentionBias: flagField(config, 'attention_bias'),
    mlpBias: flagField(config, 'mlp_bias'),
  };
}

const linearSpecs = (path: string, out: number, input: number, bias: boolean): ParameterSpec[] => [
  { name: `${path}.weight`, shape: [out, input] },
  ...(bias ? [{ name: `${path}.bias`, shape: [out] }] : []),
];

function layerSpecs(config: LlamaConfig, layer: string): ParameterSpec[] {
  const { hiddenSize: h, intermediateSize: m, attentionBias, mlpBias } = config;
  const queries = config.headCount * config.headSize;
  const keys = config.keyValueHeadCount * config.headSize;
  return [
    { name: `${layer}.input_layernorm.weight`, shape: [h] },
    ...linearSpecs(`${layer}.self_attn.q_proj`, queries, h, attentionBias),
    ...linearSpecs(`${layer}.self_attn.k_proj`, keys, h, attentionBias),
    ...linearSpecs(`${layer}.self_attn.v_proj`, keys, h, attentionBias),
    ...linearSpecs(`${layer}.self_attn.o_proj`, h, queries, attentionBias),
    { name: `${layer}.post_attention_layernorm.weight`, shape: [h] },
    ...linearSpecs(`${layer}.mlp.gate_proj`, m, h, mlpBias),
    ...linearSpecs(`${layer}.mlp.up_proj`, m, h, mlpBias),
    ...linearSpecs(`${layer}.mlp.down_proj`, h, m, mlpBias),
  ];
}

function parameters(config: LlamaConfig, prefix: string): ParameterSpec[] {
  const table = [config.vocabularySize, config.hiddenSize];
  return [
    { name: `${prefix}embed_tokens.weight`, shape: table },
    ...Array.from({ length: config.layerCount }, (_, i) => layerSpecs(config, layerPath(prefix, i))).flat(),
    { name: `${prefix}norm.weight`, shape: [config.hiddenSize] },
    ...(config.tiedEmbeddings ? [] : [{ name: 'lm_head.weight', shape: table, optional: true }]),
  ];
}

function linearGroups(config: LlamaConfig, prefix: string): LinearGroup[] {
  const { hiddenSize, intermediateSize, headCount, headSize } = config;
  return Array.from({ length: config.layerCount }, (_, i) => {
    const layer = layerPath(prefix, i);
    const attention = ['q_proj', 'k_proj', 'v_proj'].map((name) => `${layer}.self_attn.${name}`);
    return [
      { modules: attention, inputSize: hiddenSize },
      { modules: [`${layer}.self_attn.o_proj`], inputSize: headCount * headSize },
      { modules: [`${layer}.mlp.gate_proj`, `${layer}.mlp.up_proj`], inputSize: hiddenSize },
      { modules: [`${layer}.mlp.down_proj`], inputSize: intermediateSize },
    ];
  }).flat();
}

interface Shared {
  readonly batch: Batch;
  readonly rope: RopeTables;
}

function attention(
  config: LlamaConfig,
  path: string,
  pass: ForwardPass,
  x: tf.Tensor2D,
  shared: Shared,
): tf.Tensor2D {
  const [q, k, v] = pass.linears([`${path}.q_proj`, `${path}.k_proj`, `${path}.v_proj`], x) as [
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const kvHeads = config.keyValueHeadCount;
  const attended = attend(
    rotate(splitHeads(q, shared.batch, config.headCount), shared.rope),
    rotate(splitHeads(k, shared.batch, kvHeads), shared.rope),
    splitHeads(v, shared.batch, kvHeads),
    { causal: true },
  );
  return pass.linear(`${path}.o_proj`, attended);
}

/** SwiGLU: arXiv:2002.05202. */
function feedForward(path: string, pass: ForwardPass, x: tf.Tensor2D): tf.Tensor2D {
  const [gate, up] = pass.linears([`${path}.gate_proj`, `${path}.up_proj`], x) as [tf.Tensor2D, tf.Tensor2D];
  return pass.linear(`${path}.down_proj`, tf.mul<tf.Tensor2D>(silu(gate), up));
}

function encodeLayer(
  config: LlamaConfig,
  layer: string,
  pass: ForwardPass,
  x: tf.Tensor2D,
  shared: Shared,
): tf.Tensor2D {
  const norm = (name: string, input: tf.Tensor2D): tf.Tensor2D =>
    rmsNorm(input, pass.vector(`${layer}.${name}.weight`), config.rmsNormEpsilon) as tf.Tensor2D;
  const middle: tf.Tensor2D = tf.add(
    x,
    attention(config, `${layer}.self_attn`, pass, norm('input_layernorm', x), shared),
  );
  return tf.add(middle, feedForward(`${layer}.mlp`, pass, norm('post_attention_layernorm', middle)));
}

// Padding lies on the right, so no token of a text sees it through the causal mask.

/** Llama and what shares its layout. arXiv:2302.13971, arXiv:2407.21783. */
export const llama: Architecture<LlamaConfig> = {
  family: 'llama',
  modelTypes: ['llama'],
  prefixes: ['model.', ''],
  anchor: 'embed_tokens.weight',
  defaultPooling: 'last',
  nativeHead: {
    module: 'score',
    pooling: 'last',
    bias: false,
    className: 'LlamaForSequenceClassification',
    basePrefix: 'model.',
  },
  parseConfig,
  parameters,
  linearGroups,
  encode(config, prefix, pass, batch, onLayer) {
    let hidden = embed(pass.matrix(`${prefix}embed_tokens.weight`), batch.ids);
    const shared = { batch, rope: ropeTables(config.frequencies, batch.length) };
    for (let i = 0; i < config.layerCount; i++) {
      onLayer?.(hidden);
      hidden = encodeLayer(config, layerPath(prefix, i), pass, hidden, shared);
    }
    const last = rmsNorm(hidden, pass.vector(`${prefix}norm.weight`), config.rmsNormEpsilon) as tf.Tensor2D;
    onLayer?.(last);
    return last;
  },
  nativeHeadParameters: () => [],
  beforeNativeHead: (_prefix, _pass, pooled) => pooled,
  languageHead: (config, prefix) => ({
    tied: config.tiedEmbeddings,
    weight: config.tiedEmbeddings ? `${prefix}embed_tokens.weight` : 'lm_head.weight',
  }),
};
