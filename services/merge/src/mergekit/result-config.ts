import { type ModelConfig, TORCH_NAMES } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';
import type { Dtype } from '@eigenloom/numeric';

import type { MergekitInput } from './inputs.js';
import { type LayerOrigin, moveLayers } from './layer-config/move-layers.js';
import { type Section, objectAt, sectionsOf, withObject } from './layer-config/sections.js';
import type { Module, SliceSource } from './modules.js';

/**
 * The donor's config with the layers, the storage type and the architecture of the result. Errors: `UNKNOWN_LAYERS`, `LAYER_KINDS`.
 */
export function resultConfig(
  donor: MergekitInput,
  modules: readonly Module[],
  dtype: Dtype | undefined,
): ModelConfig {
  let config: ModelConfig = { ...donor.model.config };
  if (donor.architecture !== undefined) config = { ...config, architectures: [donor.architecture] };
  const name = dtype === undefined ? undefined : TORCH_NAMES[dtype];
  if (name !== undefined) config = { ...config, ['dtype' in config ? 'dtype' : 'torch_dtype']: name };
  const counted = new Map<string, number>();
  for (const { prefix, slices } of modules) {
    if (prefix === undefined) continue;
    const layers = slices.flatMap((slice) => layersOf(slice, donor));
    config = withLayers(config, donor, prefix, layers, counted);
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

const isObject = (value: unknown): value is ModelConfig =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface Layer {
  readonly source: SliceSource;
  readonly number: number;
}

/** The layers that a slice is made of: the donor's where it has a part in it, for the config is the donor's. */
function layersOf({ sources, layers }: Module['slices'][number], donor: MergekitInput): Layer[] {
  const source = sources.find(({ input }) => input === donor) ?? sources[0];
  if (source === undefined) return [];
  return Array.from({ length: layers }, (_, layer) => ({ source, number: source.first + layer }));
}

function withLayers(
  config: ModelConfig,
  donor: MergekitInput,
  prefix: string,
  layers: readonly Layer[],
  counted: Map<string, number>,
): ModelConfig {
  const before = donor.anatomy.stacks.find((stack) => stack.prefix === prefix)?.layers.length ?? 0;
  const sections = sectionsIn(donor, prefix, before);
  checkShared(sections, prefix, layers.length, counted);
  if (
    layers.length === before &&
    layers.every(({ source, number }, i) => source.input === donor && number === i)
  )
    return config;
  // An artifact without a config is weights only; a wrong count in one would break it.
  if (Object.keys(config).length === 0) return config;
  if (sections.length === 0) {
    if (layers.length !== before) throw unknownLayers(prefix, before, layers.length);
    // Nothing counts the layers, but something may speak of them.
    if (donor.anatomy.stacks.length === 1) sections.push({ path: [], counts: [] });
  }
  return sections.reduce((whole, section) => {
    const { path, counts } = section;
    const object = objectAt(whole, path) ?? {};
    const origins = layers.map(({ source, number }) => originOf(source, number, section, donor));
    const moved = moveLayers(object, { path, before, origins });
    const sizes = Object.fromEntries(counts.map((key) => [key, layers.length]));
    return withObject(whole, path, { ...moved, ...sizes });
  }, config);
}

function sectionsIn(input: MergekitInput, prefix: string, layers: number): Section[] {
  const prefixes = input.anatomy.stacks.map((stack) => stack.prefix);
  return sectionsOf(input.model.config, { prefix, layers, prefixes });
}

function originOf(
  { input, stack }: SliceSource,
  layer: number,
  { path }: Section,
  donor: MergekitInput,
): LayerOrigin {
  const layers = stack?.layers.length ?? 0;
  const place = path.join('.');
  const all = input === donor || stack === undefined ? [] : sectionsIn(input, stack.prefix, layers);
  const own = all.find((each) => each.path.join('.') === place) ?? all.at(-1);
  const section = objectAt(input.model.config, input === donor ? path : (own?.path ?? path));
  return { section, layer, layers, label: input.label };
}

/** Two stacks may be counted by one key (T5 without num_decoder_layers); they can only change together. */
function checkShared(
  sections: readonly Section[],
  prefix: string,
  after: number,
  counted: Map<string, number>,
): void {
  for (const { path, counts } of sections) {
    for (const key of counts) {
      const place = [...path, key].join('.');
      const known = counted.get(place);
      if (known !== undefined && known !== after) {
        const why = `counts the layers of ${prefix} and of another stack, which would have ${after} and ${known}`;
        throw incompatible('UNKNOWN_LAYERS', `config.json: ${place} ${why}; write a key for each into it`);
      }
      counted.set(place, after);
    }
  }
}

const unknownLayers = (prefix: string, before: number, after: number): Error =>
  incompatible(
    'UNKNOWN_LAYERS',
    `config.json: no key that clearly counts the ${before} layers of ${prefix}, of which there are now ${after}; write num_hidden_layers: ${before} where the config describes that stack`,
  );
