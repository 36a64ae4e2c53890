import { join } from 'node:path';

import { SafetensorsWriter, type TensorPlan, type WriterOptions } from '@eigenloom/numeric';

import { type JsonObject, sortedJson } from '../json-file.js';
import { writeNew } from '../with-file.js';
import { CONFIG_FILE, type PeftSettings, type SavedTensor, WEIGHTS_FILE } from './adapter.js';
import { factorKey, savedKey } from './adapter-keys.js';
import { type PeftFormat, isTargeted } from './peft-format.js';
import { ownBiases } from './peft-settings.js';

/** The settings that all kinds of adapters have. Names of targets only; without any, the paths of the modules are written. */
export type PeftSettingsToWrite = Pick<
  PeftSettings,
  'targetModules' | 'modulesToSave' | 'taskType' | 'baseModel'
>;

/** A tensor of an adapter's own, without its values. */
export interface PlannedFactor {
  /** As PEFT calls it: `lora_A`. */
  readonly name: string;
  /** null where it is shared. */
  readonly module: string | null;
  readonly shape: readonly number[];
}

/** An adapter of any kind whose values are not in memory. */
export interface PeftPlan {
  readonly format: PeftFormat;
  readonly settings: PeftSettingsToWrite;
  /** Keys of `adapter_config.json` that the kind has beside those of all kinds. */
  readonly config: JsonObject;
  /** Paths of the adapted modules, in order. */
  readonly modules: readonly string[];
  readonly factors: readonly PlannedFactor[];
  readonly savedTensors: ReadonlyMap<string, Pick<SavedTensor, 'shape'>>;
}

/**
 * Writes an adapter of any kind in PEFT's format into an existing folder: f32, keys and config sorted, deterministic. `fill` gives the
 * writer every tensor, in any order. Returns the names of the two files.
 */
export async function writePeft(
  directory: string,
  plan: PeftPlan,
  fill: (writer: SafetensorsWriter) => Promise<void>,
  options: WriterOptions = {},
): Promise<readonly string[]> {
  const path = join(directory, WEIGHTS_FILE);
  const writer = await SafetensorsWriter.create(path, tensorsOf(plan), { format: 'pt' }, options);
  try {
    await fill(writer);
    await writer.finish(options);
  } catch (error) {
    writer.discard();
    throw error;
  }
  await writeNew(join(directory, CONFIG_FILE), sortedJson(configOf(plan)));
  return [CONFIG_FILE, WEIGHTS_FILE];
}

function tensorsOf({ format, modules, factors, savedTensors }: PeftPlan): TensorPlan[] {
  const planned = (name: string, shape: readonly number[]): TensorPlan => ({ name, dtype: 'F32', shape });
  const adapted = new Set(modules);
  return [
    ...factors.map(({ name, module, shape }) => planned(factorKey(format.parts, name, module), shape)),
    ...[...savedTensors].map(([name, { shape }]) => planned(savedKey(name, adapted), shape)),
  ];
}

/** Keys of PEFT 0.21's `PeftConfig`, and the kind's; keys left out have PEFT's defaults. */
function configOf({ format, settings, config, modules, savedTensors }: PeftPlan): JsonObject {
  const { baseModel, modulesToSave, targetModules, taskType } = settings;
  const targets = {
    bias: biasOf(format.peftType, new Set(modules), savedTensors),
    layers_pattern: null,
    layers_to_transform: null,
    modules_to_save: modulesToSave.length === 0 ? null : [...modulesToSave].sort(),
    target_modules: [...(targetModules.length > 0 ? targetModules : modules)].sort(),
  };
  return {
    auto_mapping: null,
    base_model_name_or_path: baseModel === '' ? null : baseModel,
    inference_mode: true,
    peft_type: format.peftType,
    revision: null,
    task_type: taskType === '' ? null : taskType,
    ...(isTargeted(format) ? targets : {}),
    ...config,
  };
}

/** `lora_only` and the like where a bias of an adapted module is among the tensors in full. */
function biasOf(
  peftType: string,
  modules: ReadonlySet<string>,
  savedTensors: PeftPlan['savedTensors'],
): string {
  const trained = [...savedTensors.keys()].some(
    (name) => name.endsWith('.bias') && modules.has(name.slice(0, -'.bias'.length)),
  );
  return trained ? ownBiases(peftType) : 'none';
}
