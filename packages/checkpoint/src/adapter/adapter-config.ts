import { corruptData, incompatible } from '@eigenloom/errors';

import { type JsonObject, isObject } from '../json-file.js';
import { modulePattern } from '../match-modules.js';
import { type AdapterSettings, CONFIG_FILE } from './adapter.js';

const wrong = (key: string, why: string): Error =>
  corruptData('CORRUPT_ADAPTER', `${CONFIG_FILE}: ${key} ${why}`, { details: { file: CONFIG_FILE, key } });

/** Options whose effect on ΔW this package does not compute; each would silently give wrong weights if ignored. */
const UNSUPPORTED = [
  'use_dora',
  'use_qalora',
  'lora_bias',
  'use_bdlora',
  'layer_replication',
  'alora_invocation_tokens',
  'arrow_config',
  'kasa_config',
  'monteclora_config',
  'velora_config',
  'target_parameters',
  'trainable_token_indices',
  'megatron_config',
] as const;

/** Reads the keys of `adapter_config.json`. Errors: `CORRUPT_ADAPTER`, `UNSUPPORTED_ADAPTER`. */
export function parseSettings(raw: JsonObject): AdapterSettings {
  if (raw['peft_type'] !== 'LORA') {
    throw incompatible(
      'UNSUPPORTED_ADAPTER',
      `${CONFIG_FILE}: peft_type is ${raw['peft_type'] === undefined ? 'missing' : shown(raw['peft_type'])}; adapters of the kind "LORA" are read`,
    );
  }
  for (const key of UNSUPPORTED) {
    const value = raw[key];
    if (value === undefined || value === null || value === false) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    throw incompatible(
      'UNSUPPORTED_ADAPTER',
      `${CONFIG_FILE}: ${key} is not supported; merge the adapter into its model with PEFT (merge_and_unload), and take that`,
    );
  }
  return {
    rank: rankOf(raw),
    alpha: number(raw, 'lora_alpha', 8),
    rankStabilized: flag(raw, 'use_rslora'),
    rankPattern: numbers(raw, 'rank_pattern', true),
    alphaPattern: numbers(raw, 'alpha_pattern', false),
    ...targetsOf(raw),
    modulesToSave: strings(raw, 'modules_to_save'),
    excludeModules: namesOrPattern(raw, 'exclude_modules'),
    layersToTransform: layersOf(raw),
    layersPattern: asList(namesOrPattern(raw, 'layers_pattern')),
    bias: biasOf(raw),
    fanInFanOut: flag(raw, 'fan_in_fan_out'),
    dropout: dropoutOf(raw),
    taskType: text(raw, 'task_type'),
    baseModel: text(raw, 'base_model_name_or_path'),
    initLoraWeights: initOf(raw['init_lora_weights']),
    raw,
  };
}

/** What the config of a Polytropon adapter says. */
export interface PolySettings {
  readonly rank: number;
  /** Adapters in the inventory. */
  readonly skills: number;
  /** Heads that are routed each on its own: parts of the input for A, of the output for B. */
  readonly splits: number;
  readonly targetModules: readonly string[];
  readonly modulesToSave: readonly string[];
  readonly taskType: string;
  readonly baseModel: string;
}

/** As `parseSettings`, of PEFT's kind POLY; undefined for a config of another kind. Errors: `CORRUPT_ADAPTER`. */
export function parsePolySettings(raw: JsonObject): PolySettings | undefined {
  if (raw['peft_type'] !== 'POLY') return undefined;
  return {
    rank: rankOf(raw),
    skills: count(raw, 'n_skills', 4),
    splits: count(raw, 'n_splits', 1),
    targetModules: targetsOf(raw).targetModules,
    modulesToSave: strings(raw, 'modules_to_save'),
    taskType: text(raw, 'task_type'),
    baseModel: text(raw, 'base_model_name_or_path'),
  };
}

/** PEFT's rule: the first pattern that matches wins. */
export function patternValue(
  patterns: Readonly<Record<string, number>>,
  module: string,
  otherwise: number,
): number {
  for (const [pattern, value] of Object.entries(patterns)) {
    if (modulePattern(pattern, CONFIG_FILE).test(module)) return value;
  }
  return otherwise;
}

/** What a message calls a value that is of no use. */
const shown = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? Array.isArray(value)
      ? 'a list'
      : 'an object'
    : JSON.stringify(value);

/** Absent stands for PEFT's default; null does not, for PEFT fails on it. */
function number(raw: JsonObject, key: string, otherwise: number): number {
  const value = key in raw ? raw[key] : otherwise;
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw wrong(key, `is ${shown(value)}; a number above 0 is wanted`);
}

function count(raw: JsonObject, key: string, otherwise: number): number {
  const value = key in raw ? raw[key] : otherwise;
  if (isCount(value)) return value;
  throw wrong(key, `is ${shown(value)}; a whole number above 0 is wanted`);
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0;

const rankOf = (raw: JsonObject): number => count(raw, 'r', 8);

function dropoutOf(raw: JsonObject): number {
  const value = 'lora_dropout' in raw ? raw['lora_dropout'] : 0;
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw wrong('lora_dropout', `is ${shown(value)}; a number from 0 to 1 is wanted`);
}

function flag(raw: JsonObject, key: string): boolean {
  const value = raw[key] ?? false;
  if (typeof value !== 'boolean') throw wrong(key, `is ${shown(value)}; true or false is wanted`);
  return value;
}

function text(raw: JsonObject, key: string): string {
  const value = raw[key] ?? '';
  if (typeof value !== 'string') throw wrong(key, `is ${shown(value)}; a string is wanted`);
  return value;
}

/** `none`, `all` or `lora_only`: which biases were trained. */
function biasOf(raw: JsonObject): string {
  const value = 'bias' in raw ? raw['bias'] : 'none';
  if (value === 'none' || value === 'all' || value === 'lora_only') return value;
  throw wrong('bias', `is ${shown(value)}; "none", "all" or "lora_only" is wanted`);
}

function strings(raw: JsonObject, key: string): readonly string[] {
  const value = raw[key] ?? [];
  if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value;
  throw wrong(
    key,
    `is ${Array.isArray(value) ? 'a list with other things in it' : shown(value)}; a list of strings is wanted`,
  );
}

/** A list of names, or one regular expression. */
function namesOrPattern(raw: JsonObject, key: string): string | readonly string[] {
  const value = raw[key];
  return typeof value === 'string' ? value : strings(raw, key);
}

const asList = (value: string | readonly string[]): readonly string[] =>
  typeof value !== 'string' ? value : value === '' ? [] : [value];

/** A string is a regular expression for the whole path, and no name. */
function targetsOf(raw: JsonObject): Pick<AdapterSettings, 'targetModules' | 'targetPattern'> {
  const value = namesOrPattern(raw, 'target_modules');
  return typeof value === 'string'
    ? { targetModules: [], targetPattern: value }
    : { targetModules: value, targetPattern: undefined };
}

function layersOf(raw: JsonObject): readonly number[] | undefined {
  const value = raw['layers_to_transform'] ?? [];
  const layers: unknown[] = Array.isArray(value) ? value : [value];
  if (!layers.every((layer): layer is number => typeof layer === 'number' && Number.isInteger(layer))) {
    throw wrong('layers_to_transform', `is ${shown(value)}; whole numbers are wanted`);
  }
  return layers.length === 0 ? undefined : layers;
}

function numbers(raw: JsonObject, key: string, whole: boolean): Readonly<Record<string, number>> {
  const value = key in raw ? raw[key] : {};
  if (!isObject(value)) throw wrong(key, `is ${shown(value)}; an object of numbers is wanted ({} for none)`);
  for (const [pattern, item] of Object.entries(value)) {
    const right = whole ? isCount(item) : typeof item === 'number' && Number.isFinite(item) && item > 0;
    if (right) continue;
    const wanted = `a ${whole ? 'whole ' : ''}number above 0 is wanted`;
    throw wrong(`${key}[${JSON.stringify(pattern)}]`, `is ${shown(item)}; ${wanted}`);
  }
  return value as Readonly<Record<string, number>>;
}

function initOf(value: unknown): boolean | string {
  if (value === undefined || value === null) return true;
  if (typeof value === 'boolean' || typeof value === 'string') return value;
  throw wrong('init_lora_weights', `is ${shown(value)}; true, false or a name is wanted`);
}
