import { gelu, tf } from '@eigenloom/engine';
import type { PixelBatch } from '../batch.js';
import { splitHeads } from '../forward/attention.js';
import type { ForwardPass } from '../forward/forward-pass.js';
import type { Features, RowLayout } from '../forward/row-layout.js';
import {
  badConfig,
  flagField,
  numberField,
  requireOneOf,
  sizeField,
  type RawConfig,
} from './config-field.js';
import type { Family, ImageInput, NetworkConfig } from './family.js';
import type { BlockSpec, LinearSpec, ModuleSpec, NormSpec } from './module-spec.js';

interface VitConfig extends NetworkConfig {
  readonly image: ImageInput;
  /** Side of a square of pixels. */
  readonly patchSize: number;
  readonly intermediateSize: number;
  readonly layerNormEpsilon: number;
  /** Whether queries, keys and values have biases. */
  readonly projectionBias: boolean;
  readonly poolerSize: number;
}

const layerPath = (prefix: string, layer: number): string => `${prefix}encoder.layer.${layer}`;

function parseConfig(config: RawConfig): VitConfig {
  requireOneOf(config, 'hidden_act', ['gelu']);
  const hiddenSize = sizeField(config, 'hidden_size');
  const headCount = sizeField(config, 'num_attention_heads');
  if (hiddenSize % headCount !== 0) throw badConfig('num_attention_heads', 'does not divide hidden_size');
  const [side, patchSize] = [sizeField(config, 'image_size', 224), sizeField(config, 'patch_size', 16)];
  const patchesInRow = Math.floor(side / patchSize);
  if (patchesInRow === 0) throw badConfig('patch_size', 'is above image_size');
  return {
    hiddenSize,
    headCount,
    layerCount: sizeField(config, 'num_hidden_layers'),
    ...{ vocabularySize: 0, padTokenId: 0 },
    // The class token comes first.
    maxPositions: 1 + patchesInRow ** 2,
    image: { height: side, width: side, channels: sizeField(config, 'num_channels', 3) },
    patchSize,
    initializerRange: numberField(config, 'initializer_range', 0.02),
    intermediateSize: sizeField(config, 'intermediate_size'),
    layerNormEpsilon: numberField(config, 'layer_norm_eps', 1e-12),
    projectionBias: flagField({ qkv_bias: true, ...config }, 'qkv_bias'),
    poolerSize: sizeField({ size: config['pooler_output_size'] ?? hiddenSize }, 'size'),
  };
}

const linear = (path: string, width: number, out: number, bias = true, reads = path): LinearSpec => ({
  ...{ kind: 'linear', path, in: width, out, bias, reads },
});
const block = (path: string, role: BlockSpec['role'], width: number): BlockSpec => ({
  ...{ kind: 'block', path, role, width },
});

function layerModules(config: VitConfig, layer: string): ModuleSpec[] {
  const { hiddenSize: h, intermediateSize: m, headCount: heads, layerNormEpsilon: epsilon } = config;
  const self = `${layer}.attention.attention`;
  const norm = (path: string): NormSpec => ({ kind: 'norm', form: 'layer', path, size: h, epsilon });
  return [
    block(layer, 'layer', h),
    norm(`${layer}.layernorm_before`),
    ...['query', 'key', 'value'].map((name) => linear(`${self}.${name}`, h, h, config.projectionBias, self)),
    { kind: 'attention', path: self, heads, keyValueHeads: heads, headSize: h / heads },
    linear(`${layer}.attention.output.dense`, h, h),
    block(`${layer}.attention`, 'attention', h),
    norm(`${layer}.layernorm_after`),
    linear(`${layer}.intermediate.dense`, h, m),
    linear(`${layer}.output.dense`, m, h),
    block(`${layer}.output`, 'feed-forward', h),
  ];
}

function modules(config: VitConfig, prefix: string): ModuleSpec[] {
  const { hiddenSize: h, layerCount, patchSize: patch, maxPositions, layerNormEpsilon: epsilon } = config;
  const path = `${prefix}embeddings`;
  const { channels } = config.image;
  return [
    { kind: 'weight', path: `${path}.cls_token`, shape: [1, 1, h] },
    { kind: 'weight', path: `${path}.position_embeddings`, shape: [1, maxPositions, h] },
    { kind: 'patches', path: `${path}.patch_embeddings.projection`, channels, patch, width: h },
    { kind: 'input', path, width: h },
    ...Array.from({ length: layerCount }, (_, i) => layerModules(config, layerPath(prefix, i))).flat(),
    { kind: 'norm', form: 'layer', path: `${prefix}layernorm`, size: h, epsilon },
    { ...linear(`${prefix}pooler.dense`, h, config.poolerSize), head: 'pooling', optional: true },
  ];
}

/** [class token, squares] + positions: equation 1 of the paper. */
function embeddings(config: VitConfig, prefix: string, pass: ForwardPass, batch: PixelBatch): Features {
  const path = `${prefix}embeddings`;
  const { hiddenSize: h, maxPositions: length } = config;
  const { size } = batch;
  const squares = pass.patches(`${path}.patch_embeddings.projection`, batch);
  const tokens: tf.Tensor3D = tf.add(tf.zeros([size, 1, h]), pass.weight(`${path}.cls_token`));
  const rows = tf.concat([tokens, tf.reshape<tf.Rank.R3>(squares, [size, length - 1, h])], 1);
  const embedded = tf.add(rows, pass.weight(`${path}.position_embeddings`));
  const lengths = new Int32Array(size).fill(length);
  const hidden: tf.Tensor2D = tf.reshape(embedded, [size * length, h]);
  return pass.input(path, { hidden, layout: { size, length, lengths } });
}

/** Equations 2 and 3 of the paper. */
function encodeLayer(
  config: VitConfig,
  layer: string,
  pass: ForwardPass,
  x: tf.Tensor2D,
  layout: RowLayout,
): tf.Tensor2D {
  const self = `${layer}.attention.attention`;
  const [q, k, v] = pass
    .linears([`${self}.query`, `${self}.key`, `${self}.value`], pass.norm(`${layer}.layernorm_before`, x))
    .map((part) => splitHeads(part, layout, config.headCount)) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const attended = pass.attention(self, { q, k, v }, {});
  const middle = pass.residual(x, {
    ...{ block: `${layer}.attention`, input: x },
    ...{ last: `${layer}.attention.output.dense`, x: attended },
  });
  const wide = gelu(
    pass.linear(`${layer}.intermediate.dense`, pass.norm(`${layer}.layernorm_after`, middle)),
  );
  const feedForward = { block: `${layer}.output`, input: middle, last: `${layer}.output.dense`, x: wide };
  return pass.block(layer, x, pass.residual(middle, feedForward));
}

/** Vision transformers; DeiT without its distillation token has the same layout. arXiv:2010.11929, arXiv:2012.12877. */
export const vit: Family<VitConfig, PixelBatch> = {
  id: 'vit',
  modelTypes: ['vit'],
  input: 'pixels',
  prefixes: ['', 'vit.'],
  anchor: 'embeddings.cls_token',
  defaultPooling: 'first',
  heads: {
    classification: {
      module: 'classifier',
      pooling: 'first',
      bias: true,
      className: 'ViTForImageClassification',
      basePrefix: 'vit.',
    },
  },
  parseConfig,
  modules,
  forward(config, prefix, pass, batch) {
    const { hidden: embedded, layout } = embeddings(config, prefix, pass, batch);
    let hidden = embedded;
    for (let i = 0; i < config.layerCount; i += 1) {
      pass.layer(hidden);
      const layer = layerPath(prefix, i);
      hidden = pass.layerOf(hidden, (x) => encodeLayer(config, layer, pass, x, layout));
    }
    const last = pass.norm(`${prefix}layernorm`, hidden);
    pass.layer(last);
    return { hidden: last, layout };
  },
};
