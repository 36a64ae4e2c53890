import { gelu, tf } from '@eigenloom/engine';
import { paddingMask, splitHeads } from '../forward/attention.js';
import type { ForwardPass } from '../forward/forward-pass.js';
import type { Features, RowLayout } from '../forward/row-layout.js';
import type { TokenBatch } from '../tokens/batch.js';
import { badConfig, numberField, requireOneOf, sizeField, type RawConfig } from './config-field.js';
import type { Family, NetworkConfig } from './family.js';
import type { BlockSpec, LinearSpec, ModuleSpec, NormSpec } from './module-spec.js';

interface BertConfig extends NetworkConfig {
  readonly intermediateSize: number;
  readonly typeVocabularySize: number;
  readonly layerNormEpsilon: number;
}

const layerPath = (prefix: string, layer: number): string => `${prefix}encoder.layer.${layer}`;

function parseConfig(config: RawConfig): BertConfig {
  requireOneOf(config, 'hidden_act', ['gelu']);
  // null stands for the only kind that transformers 5 has.
  if (config['position_embedding_type'] !== null)
    requireOneOf(config, 'position_embedding_type', ['absolute']);
  const hiddenSize = sizeField(config, 'hidden_size');
  const headCount = sizeField(config, 'num_attention_heads');
  if (hiddenSize % headCount !== 0) throw badConfig('num_attention_heads', 'does not divide hidden_size');
  return {
    hiddenSize,
    headCount,
    layerCount: sizeField(config, 'num_hidden_layers'),
    vocabularySize: sizeField(config, 'vocab_size'),
    maxPositions: sizeField(config, 'max_position_embeddings'),
    padTokenId: numberField({ pad: config['pad_token_id'] ?? 0 }, 'pad'),
    initializerRange: numberField(config, 'initializer_range', 0.02),
    intermediateSize: sizeField(config, 'intermediate_size'),
    typeVocabularySize: sizeField(config, 'type_vocab_size', 2),
    layerNormEpsilon: numberField(config, 'layer_norm_eps', 1e-12),
  };
}

const linear = (path: string, width: number, out: number, reads?: string): LinearSpec => ({
  kind: 'linear',
  path,
  in: width,
  out,
  bias: true,
  ...(reads === undefined ? {} : { reads }),
});
const block = (path: string, role: BlockSpec['role'], width: number): BlockSpec => ({
  kind: 'block',
  path,
  role,
  width,
});

function layerModules(config: BertConfig, layer: string): ModuleSpec[] {
  const { hiddenSize: h, intermediateSize: m, headCount: heads, layerNormEpsilon: epsilon } = config;
  const self = `${layer}.attention.self`;
  const norm = (path: string): NormSpec => ({ kind: 'norm', form: 'layer', path, size: h, epsilon });
  return [
    block(layer, 'layer', h),
    ...['query', 'key', 'value'].map((name) => linear(`${self}.${name}`, h, h, self)),
    { kind: 'attention', path: self, heads, keyValueHeads: heads, headSize: h / heads },
    linear(`${layer}.attention.output.dense`, h, h),
    block(`${layer}.attention`, 'attention', h),
    norm(`${layer}.attention.output.LayerNorm`),
    linear(`${layer}.intermediate.dense`, h, m),
    linear(`${layer}.output.dense`, m, h),
    block(`${layer}.output`, 'feed-forward', h),
    norm(`${layer}.output.LayerNorm`),
  ];
}

function modules(config: BertConfig, prefix: string): ModuleSpec[] {
  const { hiddenSize: h, layerCount, layerNormEpsilon: epsilon } = config;
  const path = `${prefix}embeddings`;
  return [
    { kind: 'embedding', path: `${path}.word_embeddings`, rows: config.vocabularySize, width: h },
    { kind: 'input', path, width: h },
    { kind: 'embedding', path: `${path}.position_embeddings`, rows: config.maxPositions, width: h },
    { kind: 'embedding', path: `${path}.token_type_embeddings`, rows: config.typeVocabularySize, width: h },
    { kind: 'norm', form: 'layer', path: `${path}.LayerNorm`, size: h, epsilon },
    ...Array.from({ length: layerCount }, (_, i) => layerModules(config, layerPath(prefix, i))).flat(),
    { ...linear(`${prefix}pooler.dense`, h, h), head: 'classification', optional: true },
  ];
}

// All texts are single segments, so every token has type 0.
function embeddings(config: BertConfig, prefix: string, pass: ForwardPass, batch: TokenBatch): Features {
  const path = `${prefix}embeddings`;
  const { hiddenSize: h } = config;
  const words = pass.embedding(`${path}.word_embeddings`, batch.ids);
  const { hidden, layout } = pass.input(path, { hidden: words, layout: batch });
  const { size, length } = layout;
  const positions = pass.embeddingRows(`${path}.position_embeddings`, pass.firstPosition, length);
  const type = pass.embeddingRows(`${path}.token_type_embeddings`, 0, 1);
  const sum = tf.add(tf.reshape(hidden, [size, length, h]), tf.add(positions, type));
  return { hidden: pass.norm(`${path}.LayerNorm`, tf.reshape(sum, [size * length, h])), layout };
}

function encodeLayer(
  config: BertConfig,
  layer: string,
  pass: ForwardPass,
  x: tf.Tensor2D,
  layout: RowLayout,
  mask: tf.Tensor2D | undefined,
): tf.Tensor2D {
  const self = `${layer}.attention.self`;
  const [q, k, v] = pass
    .linears([`${self}.query`, `${self}.key`, `${self}.value`], x)
    .map((part) => splitHeads(part, layout, config.headCount)) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const attended = pass.attention(self, { q, k, v }, { mask });
  const middle = pass.norm(
    `${layer}.attention.output.LayerNorm`,
    pass.residual(x, {
      ...{ block: `${layer}.attention`, input: x },
      ...{ last: `${layer}.attention.output.dense`, x: attended },
    }),
  );
  const wide = gelu(pass.linear(`${layer}.intermediate.dense`, middle));
  const feedForward = { block: `${layer}.output`, input: middle, last: `${layer}.output.dense`, x: wide };
  const out = pass.residual(middle, feedForward);
  return pass.block(layer, x, pass.norm(`${layer}.output.LayerNorm`, out));
}

/** BERT and what shares its layout (MiniLM, many sentence encoders). arXiv:1810.04805. */
export const bert: Family<BertConfig, TokenBatch> = {
  id: 'bert',
  modelTypes: ['bert'],
  input: 'tokens',
  prefixes: ['', 'bert.'],
  anchor: 'embeddings.word_embeddings.weight',
  defaultPooling: 'mean',
  heads: {
    classification: {
      module: 'classifier',
      pooling: 'first',
      bias: true,
      className: 'BertForSequenceClassification',
      basePrefix: 'bert.',
      read: (prefix, pass, pooled) => tf.tanh(pass.linear(`${prefix}pooler.dense`, pooled)),
    },
  },
  parseConfig,
  modules,
  forward(config, prefix, pass, batch) {
    const { hidden: embedded, layout } = embeddings(config, prefix, pass, batch);
    let hidden = embedded;
    pass.layer(hidden);
    const mask = paddingMask(layout);
    for (let i = 0; i < config.layerCount; i++) {
      const layer = layerPath(prefix, i);
      hidden = pass.layerOf(hidden, (x) => encodeLayer(config, layer, pass, x, layout, mask));
      pass.layer(hidden);
    }
    return { hidden, layout };
  },
};
