import type { tf } from '@eigenloom/engine';
import { rotary, type RotaryAngles, swiglu } from '@eigenloom/engine';
import { splitHeads } from '../forward/attention.js';
import type { ForwardPass } from '../forward/forward-pass.js';
import type { RowLayout } from '../forward/row-layout.js';
import type { TokenBatch } from '../tokens/batch.js';
import {
  badConfig,
  derivedSize,
  flagField,
  numberField,
  requireOneOf,
  sizeField,
  type RawConfig,
} from './config-field.js';
import type { Family, NetworkConfig } from './family.js';
import type { BlockSpec, LinearSpec, ModuleSpec, NormSpec } from './module-spec.js';
import { ropeFrequencies, ropeTables } from './rope.js';

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

const block = (path: string, role: BlockSpec['role'], width: number): BlockSpec => ({
  kind: 'block',
  path,
  role,
  width,
});

const norm = ({ hiddenSize, rmsNormEpsilon }: LlamaConfig, path: string): NormSpec => ({
  kind: 'norm',
  form: 'rms',
  path,
  size: hiddenSize,
  epsilon: rmsNormEpsilon,
});

function attentionModules(config: LlamaConfig, path: string): ModuleSpec[] {
  const { hiddenSize: h, headCount, keyValueHeadCount, headSize, attentionBias: bias } = config;
  const queries = headCount * headSize;
  const projection = (name: string, heads: number): LinearSpec => ({
    ...{ kind: 'linear', path: `${path}.${name}`, in: h, out: heads * headSize, bias, reads: path },
  });
  return [
    projection('q_proj', headCount),
    projection('k_proj', keyValueHeadCount),
    projection('v_proj', keyValueHeadCount),
    { kind: 'attention', path, heads: headCount, keyValueHeads: keyValueHeadCount, headSize },
    { kind: 'linear', path: `${path}.o_proj`, in: queries, out: h, bias },
    block(path, 'attention', h),
  ];
}

function feedForwardModules(config: LlamaConfig, path: string): ModuleSpec[] {
  const { hiddenSize: h, intermediateSize: m, mlpBias: bias } = config;
  return [
    { kind: 'linear', path: `${path}.gate_proj`, in: h, out: m, bias, reads: path },
    { kind: 'linear', path: `${path}.up_proj`, in: h, out: m, bias, reads: path },
    { kind: 'linear', path: `${path}.down_proj`, in: m, out: h, bias },
    block(path, 'feed-forward', h),
  ];
}

const layerModules = (config: LlamaConfig, layer: string): ModuleSpec[] => [
  block(layer, 'layer', config.hiddenSize),
  norm(config, `${layer}.input_layernorm`),
  ...attentionModules(config, `${layer}.self_attn`),
  norm(config, `${layer}.post_attention_layernorm`),
  ...feedForwardModules(config, `${layer}.mlp`),
];

function modules(config: LlamaConfig, prefix: string): ModuleSpec[] {
  const { hiddenSize: h, vocabularySize, layerCount, tiedEmbeddings } = config;
  const output: LinearSpec = {
    ...{ kind: 'linear', path: 'lm_head', in: h, out: vocabularySize, bias: false },
    ...{ head: 'language_modeling', optional: true },
  };
  return [
    { kind: 'embedding', path: `${prefix}embed_tokens`, rows: vocabularySize, width: h },
    { kind: 'input', path: `${prefix}embed_tokens`, width: h },
    ...Array.from({ length: layerCount }, (_, i) => layerModules(config, layerPath(prefix, i))).flat(),
    norm(config, `${prefix}norm`),
    ...(tiedEmbeddings ? [] : [output]),
  ];
}

interface Shared {
  readonly layout: RowLayout;
  readonly rope: RotaryAngles;
}

/** onto + attention of x. */
function attention(
  config: LlamaConfig,
  path: string,
  pass: ForwardPass,
  onto: tf.Tensor2D,
  x: tf.Tensor2D,
  { layout, rope }: Shared,
): tf.Tensor2D {
  const [q, k, v] = pass.linears([`${path}.q_proj`, `${path}.k_proj`, `${path}.v_proj`], x) as [
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const kvHeads = config.keyValueHeadCount;
  const attended = pass.attention(
    path,
    {
      q: rotary(splitHeads(q, layout, config.headCount), rope),
      k: rotary(splitHeads(k, layout, kvHeads), rope),
      v: splitHeads(v, layout, kvHeads),
    },
    { causal: true },
  );
  return pass.residual(onto, { block: path, input: x, last: `${path}.o_proj`, x: attended });
}

/** onto + SwiGLU: arXiv:2002.05202. */
function feedForward(path: string, pass: ForwardPass, onto: tf.Tensor2D, x: tf.Tensor2D): tf.Tensor2D {
  const [gate, up] = pass.linears([`${path}.gate_proj`, `${path}.up_proj`], x) as [tf.Tensor2D, tf.Tensor2D];
  return pass.residual(onto, { block: path, input: x, last: `${path}.down_proj`, x: swiglu(gate, up) });
}

function encodeLayer(
  config: LlamaConfig,
  layer: string,
  pass: ForwardPass,
  x: tf.Tensor2D,
  shared: Shared,
): tf.Tensor2D {
  const first = pass.norm(`${layer}.input_layernorm`, x);
  const middle = attention(config, `${layer}.self_attn`, pass, x, first, shared);
  const second = pass.norm(`${layer}.post_attention_layernorm`, middle);
  return pass.block(layer, x, feedForward(`${layer}.mlp`, pass, middle, second));
}

// Padding lies on the right, so no token of a text sees it through the causal mask.

/** Llama and what shares its layout. arXiv:2302.13971, arXiv:2407.21783. */
export const llama: Family<LlamaConfig, TokenBatch> = {
  id: 'llama',
  modelTypes: ['llama'],
  input: 'tokens',
  prefixes: ['model.', ''],
  anchor: 'embed_tokens.weight',
  defaultPooling: 'last',
  heads: {
    classification: {
      module: 'score',
      pooling: 'last',
      bias: false,
      className: 'LlamaForSequenceClassification',
      basePrefix: 'model.',
    },
    language_modeling: {
      logits: ({ tiedEmbeddings }, prefix, pass, hidden) =>
        tiedEmbeddings
          ? pass.embeddingScores(`${prefix}embed_tokens`, hidden)
          : pass.linear('lm_head', hidden),
    },
  },
  parseConfig,
  modules,
  forward(config, prefix, pass, batch) {
    const path = `${prefix}embed_tokens`;
    const { hidden: embedded, layout } = pass.input(path, {
      hidden: pass.embedding(path, batch.ids),
      layout: batch,
    });
    let hidden = embedded;
    const rope = ropeTables(config.frequencies, pass.firstPosition, layout.length);
    for (let i = 0; i < config.layerCount; i++) {
      pass.layer(hidden);
      const layer = layerPath(prefix, i);
      hidden = pass.layerOf(hidden, (x) => encodeLayer(config, layer, pass, x, { layout, rope }));
    }
    const last = pass.norm(`${prefix}norm`, hidden);
    pass.layer(last);
    return { hidden: last, layout };
  },
};
