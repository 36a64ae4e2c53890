import { isObject } from '../json-file.js';
import { isOutputLayer } from '../module-kind.js';
import { type ModelConfig, architecturesOf } from './model-config.js';
import { TIED_BY_DEFAULT } from './tied-families.js';

const KEY = 'tie_word_embeddings';
const SUFFIX = '.weight';
/** Parts of a config that describe a language model, and so may say for themselves whether its weights are tied. */
const LANGUAGE_PARTS = ['text_config', 'language_config', 'llm_config', 'thinker_config', 'decoder'];
/** Names of the embeddings of tokens, in the order in which they are looked for; positions and types have others. */
const TOKENS = [
  /(^|\.)shared$/,
  /(^|\.)embed_tokens$/,
  /(^|\.)word_embeddings$/,
  /(^|\.)(wte|embed_in|tok_embeddings|tokens_embed)$/,
  /^(backbone|transformer|rwkv)\.embeddings$/,
];
/** Classes of transformers with a layer over the vocabulary. */
const WITH_HEAD =
  /(ForCausalLM|LMHeadModel|ForConditionalGeneration|ForMaskedLM|ForPreTraining|ForSpeechSeq2Seq)$/;

/** Two names of one weight. */
export interface TiedEmbeddings {
  /** Tensor of the embeddings of tokens. */
  readonly embeddings: string;
  /** Tensor of the layer over the vocabulary. */
  readonly head: string;
}

/**
 * Whether a config says that embeddings and head are one weight, or its family does; undefined where neither does. transformers reads the
 * key at the top, in versions before 5 that of the language model inside.
 */
export function tiesEmbeddings(config: ModelConfig): boolean | undefined {
  const said = saidIn(config);
  if (said !== undefined) return said;
  return TIED_BY_DEFAULT.has(typeOf(config)) ? true : undefined;
}

const typeOf = ({ model_type: type }: ModelConfig): string => (typeof type === 'string' ? type : '');

function saidIn(config: ModelConfig): boolean | undefined {
  const own = config[KEY];
  // null counts as false in transformers.
  if (own !== undefined) return own === true;
  for (const part of LANGUAGE_PARTS) {
    const inner = config[part];
    const said = isObject(inner) ? saidIn(inner) : undefined;
    if (said !== undefined) return said;
  }
  return undefined;
}

/** The config of the same model with a head of its own: `false` at the top, in every part that says it, and in the language model's. */
export function untiedConfig(config: ModelConfig): ModelConfig {
  if (Object.keys(config).length === 0) return config;
  return { ...untiedParts(config), [KEY]: false };
}

function untiedParts(config: ModelConfig): ModelConfig {
  const parts = Object.entries(config).map(([key, value]): [string, unknown] => {
    if (key === KEY) return [key, false];
    if (!isObject(value)) return [key, value];
    const inner = untiedParts(value);
    return [key, LANGUAGE_PARTS.includes(key) ? { ...inner, [KEY]: false } : inner];
  });
  return Object.fromEntries(parts);
}

/**
 * The tied tensors of a model; undefined where it has none: no tied weights, no head, or names that are not known. The head need not be
 * stored.
 */
export function tiedEmbeddingsOf(
  config: ModelConfig,
  tensors: ReadonlyMap<string, unknown>,
): TiedEmbeddings | undefined {
  if (tiesEmbeddings(config) !== true) return undefined;
  const modules = [...tensors.keys()].flatMap((name) =>
    name.endsWith(SUFFIX) ? [name.slice(0, -SUFFIX.length)] : [],
  );
  const embeddings = TOKENS.flatMap((pattern) => modules.filter((path) => pattern.test(path)))[0];
  if (embeddings === undefined || !hasHead(config, embeddings)) return undefined;
  const head = modules.find(isOutputLayer) ?? headBeside(embeddings, typeOf(config));
  return { embeddings: embeddings + SUFFIX, head: head + SUFFIX };
}

/** Without a class name a model has a head where its config speaks of one, or its names have the prefix that comes with one. */
function hasHead(config: ModelConfig, embeddings: string): boolean {
  const [name] = architecturesOf(config);
  if (name !== undefined) return WITH_HEAD.test(name);
  return saidIn(config) === true || /^(model|transformer|language_model)\./.test(embeddings);
}

/** What transformers calls the layer that shares the weight of these embeddings. */
function headBeside(embeddings: string, family: string): string {
  const [, outside] = /^(.*language_model\.)model\.embed_tokens$/.exec(embeddings) ?? [];
  if (outside !== undefined) return `${outside}lm_head`;
  if (/(^|-)(x?lm-)?roberta|camembert/.test(family)) return 'lm_head.decoder';
  if (
    /word_embeddings$/.test(embeddings) &&
    /^(bert|deberta|electra|ernie|mobilebert|roformer)/.test(family)
  ) {
    return 'cls.predictions.decoder';
  }
  return family === 'whisper' ? 'proj_out' : 'lm_head';
}

/**
 * Families whose code reads more off the key than whether the weights are tied: T5 scales what its decoder gives only where it is not
 * false, so a T5 that was tied cannot be described as one with a head of its own.
 */
export const cannotUntie = (config: ModelConfig): boolean =>
  /^(t5|mt5|umt5|longt5|switch_transformers|pop2piano|udop)$/.test(typeOf(config));
