import { incompatible } from '@eigenloom/errors';

import type { JsonObject } from '../json-file.js';
import { modulePattern } from '../match-modules.js';
import { type AdapterSettings, CONFIG_FILE } from './adapter.js';
import { count, flag, number, numbers, shown, strings, text, wrong } from './config-fields.js';
import { parsePeftSettings, targetsOf } from './peft-settings.js';

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

/**
 * Reads the keys of the `adapter_config.json` of a LoRA adapter; `own` are options that the caller computes himself, such as `use_dora`.
 * Errors: `CORRUPT_ADAPTER`, `UNSUPPORTED_ADAPTER`.
 */
export function parseSettings(raw: JsonObject, own: readonly string[] = []): AdapterSettings {
  if (raw['peft_type'] !== 'LORA') {
    throw incompatible(
      'UNSUPPORTED_ADAPTER',
      `${CONFIG_FILE}: peft_type is ${raw['peft_type'] === undefined ? 'missing' : shown(raw['peft_type'])}; adapters of the kind "LORA" are read`,
    );
  }
  for (const key of UNSUPPORTED) {
    const value = raw[key];
    if (value === undefined || value === null || value === false || own.includes(key)) continue;
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
    ...parsePeftSettings(raw, 'LORA'),
    dropout: dropoutOf(raw),
    initLoraWeights: initOf(raw['init_lora_weights']),
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

const rankOf = (raw: JsonObject): number => count(raw, 'r', 8);

function dropoutOf(raw: JsonObject): number {
  const value = 'lora_dropout' in raw ? raw['lora_dropout'] : 0;
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw wrong('lora_dropout', `is ${shown(value)}; a number from 0 to 1 is wanted`);
}

function initOf(value: unknown): boolean | string {
  if (value === undefined || value === null) return true;
  if (typeof value === 'boolean' || typeof value === 'string') return value;
  throw wrong('init_lora_weights', `is ${shown(value)}; true, false or a name is wanted`);
}
