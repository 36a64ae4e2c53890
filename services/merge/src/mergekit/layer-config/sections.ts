import { type ModelConfig, isObject } from '@eigenloom/checkpoint';

/** An object of a config that counts the layers of a stack, by the keys that lead to it. */
export interface Section {
  readonly path: readonly string[];
  /** Its keys that say how many layers the stack has; a config may say it twice (n_layer and num_hidden_layers). */
  readonly counts: readonly string[];
}

/** A stack of layers, as its tensors show it. */
export interface StackShape {
  readonly prefix: string;
  readonly layers: number;
  /** Prefixes of all stacks of the model. */
  readonly prefixes: readonly string[];
}

/** Names under which the configs of transformers count the layers of a stack. */
const USUAL =
  /^(?:num_(?:hidden_|transformer_|encoder_|decoder_|encoder_hidden_|decoder_hidden_)?(?:layers|blocks)|n_(?:layers?|blocks?)|(?:(?:encoder|decoder)_)?layers|(?:encoder_|decoder_)?depth)$/;
/** What else may count layers; what counts some of them (`num_kv_shared_layers`) does not. */
const POSSIBLE =
  /^num_(?!.*(?:shared|dense|sparse|global|local|full|mtp|nextn|adapter|conv|feat|extract|lstm|hash|predict|group|head))\w+_layers$/;
/** Deep enough for `thinker_config.text_config`, and for what wraps that. */
const MAX_DEPTH = 5;
const NO_SECTIONS = /^(?:quantization_config|compression_config|rope_|generation_config)/;

/** Words of names that tell stacks of one model apart. */
const FAMILIES: Readonly<Record<string, RegExp>> = {
  text: /^(?:text|language|llm|lm)$/,
  vision: /^(?:vision|visual|vit|image|img)$/,
  audio: /^(?:audio|speech|codec|code2wav|token2wav|voice)$/,
  talker: /^talker$/,
  encoder: /^encoder$/,
  decoder: /^decoder$/,
};

const SIDES = ['encoder', 'decoder'];

function familiesOf(names: readonly string[]): Set<string> {
  const found = names.flatMap((word) => Object.keys(FAMILIES).filter((name) => FAMILIES[name]?.test(word)));
  // `decoder.bert.encoder.layer` is the decoder; BERT calls its only stack an encoder.
  const side = found.find((name) => SIDES.includes(name));
  return new Set(found.filter((name) => !SIDES.includes(name) || name === side));
}

const words = (name: string): string[] => name.split(/[._]/);

/**
 * The objects of a config that count the layers of a stack, outermost first. Names decide between those that count as many; several are
 * about the same stack (an old config says it outside and inside `text_config`).
 */
export function sectionsOf(config: ModelConfig, stack: StackShape): Section[] {
  const own = familiesOf(words(stack.prefix));
  const plain = ['vision', 'audio', 'talker'].every((family) => !own.has(family));
  const isForeign = (families: ReadonlySet<string>): boolean =>
    [...families].some(
      (family) => !own.has(family) && !(family === 'text' && (plain || families.has('talker'))),
    );
  const fits = counted(config, stack.layers, []).flatMap(({ path, counts }): Section[] => {
    const families = familiesOf(path.flatMap(words));
    const mine = counts.filter((key) => !isForeign(new Set([...familiesOf(words(key))].filter(isNoSide))));
    const named = countsOf(mine, stack);
    return isForeign(families) || named.length === 0 ? [] : [{ path, counts: named }];
  });
  const explicit = fits.filter(({ path }) => familiesOf(path.flatMap(words)).size > 0);
  return plain || explicit.length === 0 ? fits : explicit;
}

const isNoSide = (family: string): boolean => !SIDES.includes(family);

function counted(config: ModelConfig, layers: number, path: readonly string[]): Section[] {
  const counts = Object.keys(config).filter(
    (key) => (USUAL.test(key) || POSSIBLE.test(key)) && config[key] === layers,
  );
  const inside = Object.entries(config).flatMap(([key, value]) =>
    path.length < MAX_DEPTH && isObject(value) && !NO_SECTIONS.test(key)
      ? counted(value, layers, [...path, key])
      : [],
  );
  return counts.length === 0 ? inside : [{ path, counts }, ...inside];
}

/**
 * Which of the keys of one object that say the right number mean the stack. Those with a word that only its prefix has; of keys that say
 * encoder or decoder only its own, and the others where it is the first of the two (T5, BART) or nothing else counts it.
 */
function countsOf(counts: readonly string[], { prefix, prefixes }: StackShape): string[] {
  const others = prefixes.filter((each) => each !== prefix);
  const hasWordOf = (key: string, of: string, without: readonly string[]): boolean =>
    words(of).some(
      (word) => words(key).includes(word) && without.every((each) => !words(each).includes(word)),
    );
  const named = counts.filter((key) => hasWordOf(key, prefix, others));
  const neutral = counts.filter(
    (key) => !named.includes(key) && !others.some((other) => hasWordOf(key, other, [prefix])),
  );
  const usual = neutral.filter((key) => USUAL.test(key));
  const rest = usual.length > 0 ? usual : neutral;
  const isFirst = sideOf(prefix) === undefined ? prefixes[0] === prefix : sideOf(prefix) === 'encoder';
  if (others.length === 0) return [...named, ...rest];
  if (named.length === 0) return rest;
  return isFirst ? [...named, ...rest] : named;
}

const sideOf = (name: string): string | undefined => words(name).find((word) => SIDES.includes(word));

/** Whether an object counts layers, of whatever stack. */
export const countsLayers = (config: ModelConfig): boolean =>
  Object.keys(config).some((key) => USUAL.test(key) && typeof config[key] === 'number');

/** The object at a path. */
export function objectAt(config: ModelConfig, path: readonly string[]): ModelConfig | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return config;
  const inner = config[key];
  return isObject(inner) ? objectAt(inner, rest) : undefined;
}

/** A config with another object at a path. */
export function withObject(config: ModelConfig, path: readonly string[], value: ModelConfig): ModelConfig {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const inner = config[key];
  return { ...config, [key]: withObject(isObject(inner) ? inner : {}, rest, value) };
}
