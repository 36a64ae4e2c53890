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
      `${CONFIG_FILE}: peft_type ${JSON.stringify(raw['peft_type'])} is not LORA`,
    );
  }
  for (const key of UNSUPPORTED) {
    const value = raw[key];
    if (value === undefined || value === null || value === false) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    throw incompatible('UNSUPPORTED_ADAPTER', `${CONFIG_FILE}: ${key} is not supported`);
  }
  return {
    rank: number(raw, 'r', 8),
    alpha: number(raw, 'lora_alpha', 8),
    rankStabilized: flag(raw, 'use_rslora'),
    rankPattern: numbers(raw, 'rank_pattern'),
    alphaPattern: numbers(raw, 'alpha_pattern'),
    targetModules: strings(raw, 'target_modules'),
    modulesToSave: strings(raw, 'modules_to_save'),
    fanInFanOut: flag(raw, 'fan_in_fan_out'),
    dropout: number(raw, 'lora_dropout', 0, 0),
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
    rank: number(raw, 'r', 8),
    skills: number(raw, 'n_skills', 4),
    splits: number(raw, 'n_splits', 1),
    targetModules: strings(raw, 'target_modules'),
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

function number(raw: JsonObject, key: string, otherwise: number, least = Number.MIN_VALUE): number {
  const value = raw[key] ?? otherwise;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least) {
    throw wrong(key, 'is not a number in its range');
  }
  return value;
}

function flag(raw: JsonObject, key: string): boolean {
  const value = raw[key] ?? false;
  if (typeof value !== 'boolean') throw wrong(key, 'is not true or false');
  return value;
}

function text(raw: JsonObject, key: string): string {
  const value = raw[key] ?? '';
  if (typeof value !== 'string') throw wrong(key, 'is not a string');
  return value;
}

function strings(raw: JsonObject, key: string): readonly string[] {
  const value = raw[key] ?? [];
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw wrong(key, 'is not a list of strings');
  }
  return value;
}

function numbers(raw: JsonObject, key: string): Readonly<Record<string, number>> {
  const value = raw[key] ?? {};
  if (!isObject(value)) throw wrong(key, 'is not an object of numbers');
  for (const item of Object.values(value)) {
    if (typeof item !== 'number' || !(item > 0)) throw wrong(key, 'is not an object of positive numbers');
  }
  return value as Readonly<Record<string, number>>;
}

function initOf(value: unknown): boolean | string {
  if (value === undefined || value === null) return true;
  if (typeof value === 'boolean' || typeof value === 'string') return value;
  throw wrong('init_lora_weights', 'is neither true, false nor a name');
}
