import type { JsonObject } from '../json-file.js';
import type { PeftSettings } from './adapter.js';
import { asList, flag, namesOrPattern, shown, strings, text, wrong } from './config-fields.js';

/** The value of `bias` for the biases of the adapted modules. */
export const ownBiases = (peftType: string): string => `${peftType.toLowerCase()}_only`;

/** Reads the keys of `adapter_config.json` that all kinds share. Errors: `CORRUPT_ADAPTER`. */
export const parsePeftSettings = (raw: JsonObject, peftType: string): PeftSettings => ({
  ...targetsOf(raw),
  modulesToSave: strings(raw, 'modules_to_save'),
  excludeModules: namesOrPattern(raw, 'exclude_modules'),
  layersToTransform: layersOf(raw),
  layersPattern: asList(namesOrPattern(raw, 'layers_pattern')),
  bias: biasOf(raw, peftType),
  fanInFanOut: flag(raw, 'fan_in_fan_out'),
  taskType: text(raw, 'task_type'),
  baseModel: text(raw, 'base_model_name_or_path'),
  raw,
});

function biasOf(raw: JsonObject, peftType: string): string {
  const own = ownBiases(peftType);
  const value = 'bias' in raw ? raw['bias'] : 'none';
  if (value === 'none' || value === 'all' || value === own) return value;
  throw wrong('bias', `is ${shown(value)}; "none", "all" or ${JSON.stringify(own)} is wanted`);
}

/** A string is a regular expression for the whole path, and no name. */
export function targetsOf(raw: JsonObject): Pick<PeftSettings, 'targetModules' | 'targetPattern'> {
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
