import { gelu, layerNorm, tf } from '@eigenloom/engine';
import { attend, paddingMask, splitHeads } from '../forward/attention.js';
import { embed } from '../forward/embedding.js';
import type { ForwardPass } from '../forward/forward-pass.js';
import type { Batch } from '../tokens/batch.js';
import type { Architecture, LinearGroup, NetworkConfig, ParameterSpec } from './architecture.js';
import { badConfig, numberField, requireOneOf, sizeField, type RawConfig } from './config-field.js';

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

const linearSpecs = (path: string, out: number, input: number): ParameterSpec[] => [
  { name: `${path}.weight`, shape: [out, input] },
  { name: `${path}.bias`, shape: [out] },
];
const normSpecs = (path: string, size: number): ParameterSpec[] => [
  { name: `${path}.weight`, shape: [size] },
  { name: `${path}.bias`, shape: [size] },
];

function layerSpecs(config: BertConfig, layer: string): ParameterSpec[] {
  const { hiddenSize: h, intermediateSize: m } = config;
  return [
    ...['query', 'key', 'value'].flatMap((name) => linearSpecs(`${layer}.attention.self.${name}`, h, h)),
    ...linearSpecs(`${layer}.attention.output.dense`, h, h),
    ...normSpecs(`${layer}.attention.output.LayerNorm`, h),
    ...linearSpecs(`${layer}.intermediate.dense`, m, h),
    ...linearSpecs(`${layer}.output.dense`, h, m),
    ...normSpecs(`${layer}.output.LayerNorm`, h),
  ];
}

function parameters(config: BertConfig, prefix: string): ParameterSpec[] {
  const h = config.hiddenSize;
  const embeddings = `${prefix}embeddings`;
  return [
    { name: `${embeddings}.word_embeddings.weight`, shape: [config.vocabularySize, h] },
    { name: `${embeddings}.position_embeddings.weight`, shape: [config.maxPositions, h] },
    { name: `${embeddings}.token_type_embeddings.weight`, shape: [config.typeVocabularySize, h] },
    ...normSpecs(`${embeddings}.LayerNorm`, h),
    ...Array.from({ length: config.layerCount }, (_, i) => layerSpecs(config, layerPath(prefix, i))).flat(),
    ...linearSpecs(`${prefix}pooler.dense`, h, h).map((spec) => ({ ...spec, optional: true })),
  ];
}

function linearGroups(config: BertConfig, prefix: string): LinearGroup[] {
  const { hiddenSize, intermediateSize } = config;
  return Array.from({ length: config.layerCount }, (_, i) => {
    const layer = layerPath(prefix, i);
    return [
      {
        modules: ['query', 'key', 'value'].map((n) => `${layer}.attention.self.${n}`),
        inputSize: hiddenSize,
      },
      { modules: [`${layer}.attention.output.dense`], inputSize: hiddenSize },
      { modules: [`${layer}.intermediate.dense`], inputSize: hiddenSize },
      { modules: [`${layer}.output.dense`], inputSize: intermediateSize },
    ];
  }).flat();
}

function norm(pass: ForwardPass, path: string, x: tf.Tensor2D, epsilon: number): tf.Tensor2D {
  return layerNorm(x, pass.vector(`${path}.weight`), pass.vector(`${path}.bias`), epsilon) as tf.Tensor2D;
}

// All texts are single segments, so every token has type 0.
function embeddings(config: BertConfig, prefix: string, pass: ForwardPass, batch: Batch): tf.Tensor2D {
  const path = `${prefix}embeddings`;
  const { hiddenSize: h } = config;
  const words = embed(pass.matrix(`${path}.word_embeddings.weight`), batch.ids);
  const positions = tf.slice2d(pass.matrix(`${path}.position_embeddings.weight`), [0, 0], [batch.length, h]);
  const type = tf.slice2d(pass.matrix(`${path}.token_type_embeddings.weight`), [0, 0], [1, h]);
  const sum = tf.add(tf.reshape(words, [batch.size, batch.length, h]), tf.add(positions, type));
  return norm(
    pass,
    `${path}.LayerNorm`,
    tf.reshape(sum, [batch.size * batch.length, h]),
    config.layerNormEpsilon,
  );
}

function encodeLayer(
  config: BertConfig,
  layer: string,
  pass: ForwardPass,
  x: tf.Tensor2D,
  batch: Batch,
  mask: tf.Tensor2D | undefined,
): tf.Tensor2D {
  const self = `${layer}.attention.self`;
  const [q, k, v] = pass
    .linears([`${self}.query`, `${self}.key`, `${self}.value`], x)
    .map((part) => splitHeads(part, batch, config.headCount)) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const attended = pass.linear(`${layer}.attention.output.dense`, attend(q, k, v, { mask }));
  const middle = norm(
    pass,
    `${layer}.attention.output.LayerNorm`,
    tf.add(attended, x),
    config.layerNormEpsilon,
  );
  const wide = gelu(pass.linear(`${layer}.intermediate.dense`, middle));
  const out = pass.linear(`${layer}.output.dense`, wide);
  return norm(pass, `${layer}.output.LayerNorm`, tf.add(out, middle), config.layerNormEpsilon);
}

/** BERT and what shares its layout (MiniLM, many sentence encoders). arXiv:1810.04805. */
export const bert: Architecture<BertConfig> = {
  family: 'bert',
  modelTypes: ['bert'],
  prefixes: ['', 'bert.'],
  anchor: 'embeddings.word_embeddings.weight',
  defaultPooling: 'mean',
  nativeHead: {
    module: 'classifier',
    pooling: 'first',
    bias: true,
    className: 'BertForSequenceClassification',
    basePrefix: 'bert.',
  },
  parseConfig,
  parameters,
  linearGroups,
  encode(config, prefix, pass, batch, onLayer) {
    let hidden = embeddings(config, prefix, pass, batch);
    onLayer?.(hidden);
    const mask = paddingMask(batch);
    for (let i = 0; i < config.layerCount; i++) {
      hidden = encodeLayer(config, layerPath(prefix, i), pass, hidden, batch, mask);
      onLayer?.(hidden);
    }
    return hidden;
  },
  nativeHeadParameters: (prefix) => [`${prefix}pooler.dense.weight`, `${prefix}pooler.dense.bias`],
  beforeNativeHead(prefix, pass, pooled) {
    return tf.tanh(pass.linear(`${prefix}pooler.dense`, pooled));
  },
};
