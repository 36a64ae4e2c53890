import { type ModelConfig, TORCH_NAMES } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';
import type { Dtype } from '@eigenloom/numeric';

import type { MergekitInput } from './inputs.js';
import type { Module } from './modules.js';

/** Names under which configs count layers, below them also in `text_config` and the like. */
const COUNT_KEYS = /^(?:num_(?:\w+_)?layers|n_layers?|(?:encoder|decoder)_layers|depth)$/;
const SECTION_KEYS = /_config$/;

/** The donor's config with the layers, the storage type and the architecture of the result. Errors: `UNKNOWN_LAYERS`. */
export function resultConfig(
  donor: MergekitInput,
  modules: readonly Module[],
  dtype: Dtype | undefined,
): ModelConfig {
  let config: ModelConfig = { ...donor.model.config };
  if (donor.architecture !== undefined) config = { ...config, architectures: [donor.architecture] };
  const name = dtype === undefined ? undefined : TORCH_NAMES[dtype];
  if (name !== undefined) config = { ...config, ['dtype' in config ? 'dtype' : 'torch_dtype']: name };
  for (const { prefix, slices } of modules) {
    const before = donor.anatomy.stacks.find((stack) => stack.prefix === prefix)?.layers.length ?? 0;
    const after = slices.reduce((sum, { layers }) => sum + layers, 0);
    if (prefix !== undefined && before !== after) {
      config = withLayers(config, prefix, { before, after, only: modules.length === 1 });
    }
    if (modules.length === 1) config = withLayerTypes(config, slices);
  }
  return config;
}

/** `vocab_size`, which multimodal models have in `text_config`. */
export function vocabularySize(config: ModelConfig): number | undefined {
  const { vocab_size: size, text_config: text } = config;
  if (typeof size === 'number') return size;
  return isObject(text) ? vocabularySize(text) : undefined;
}

/** A config whose embeddings have so many rows. */
export function withVocabulary(config: ModelConfig, rows: number): ModelConfig {
  const { vocab_size: size, text_config: text } = config;
  if (typeof size !== 'number' && isObject(text))
    return { ...config, text_config: withVocabulary(text, rows) };
  return { ...config, vocab_size: rows };
}

interface Counts {
  readonly before: number;
  readonly after: number;
  readonly only: boolean;
}

function withLayers(config: ModelConfig, prefix: string, { before, after, only }: Counts): ModelConfig {
  const fits = Object.keys(config).filter((key) => COUNT_KEYS.test(key) && config[key] === before);
  const named = fits.filter((key) => prefix.split('.').some((part) => key.split('_').includes(part)));
  const [key, ...others] = only || named.length === 0 ? fits : named;
  if (key !== undefined && (only || others.length === 0)) {
    // A config may say it twice (n_layer and num_hidden_layers); both are about the only stack.
    return { ...config, ...Object.fromEntries([key, ...others].map((each) => [each, after])) };
  }
  const section = Object.entries(config).find(
    ([name, value]) => SECTION_KEYS.test(name) && isObject(value) && countedIn(value, before),
  );
  if (key === undefined && section !== undefined && isObject(section[1])) {
    return { ...config, [section[0]]: withLayers(section[1], prefix, { before, after, only: true }) };
  }
  // An artifact without a config is weights only; a wrong count in one would break it.
  if (Object.keys(config).length === 0) return config;
  const why = `config.json: no key that clearly counts the ${before} layers of ${prefix}, of which there are now ${after}`;
  throw incompatible('UNKNOWN_LAYERS', why);
}

const isObject = (value: unknown): value is ModelConfig =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const countedIn = (section: ModelConfig, layers: number): boolean =>
  Object.entries(section).some(([key, value]) => COUNT_KEYS.test(key) && value === layers);

/** `layer_types` tells what each layer is; it moves with the layers. */
function withLayerTypes(config: ModelConfig, slices: Module['slices']): ModelConfig {
  if (!Array.isArray(config['layer_types'])) return config;
  const types = slices.flatMap(({ sources: [source], layers }) => {
    const own: unknown = source?.input.model.config['layer_types'];
    const from = source?.first ?? 0;
    return Array.isArray(own) ? (own.slice(from, from + layers) as unknown[]) : [];
  });
  return { ...config, layer_types: types };
}
