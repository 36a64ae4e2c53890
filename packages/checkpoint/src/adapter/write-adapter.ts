import { join } from 'node:path';

import { SafetensorsWriter, type TensorPlan, type WriterOptions } from '@eigenloom/numeric';

import { sortedJson } from '../json-file.js';
import {
  type Adapter,
  type AdapterModuleInfo,
  CONFIG_FILE,
  type SavedTensor,
  WEIGHTS_FILE,
} from './adapter.js';
import { pairKey, savedKey } from './adapter-keys.js';
import { writeNew } from '../with-file.js';

/** What is needed to write an adapter; ranks and alphas of single modules are taken from them. */
export type AdapterToWrite = Pick<Adapter, 'modules' | 'savedTensors'> & {
  readonly settings: SettingsToWrite;
};

/** Names of targets only; without any, the paths of the modules are written. */
type SettingsToWrite = Pick<
  Adapter['settings'],
  | 'rank'
  | 'alpha'
  | 'rankStabilized'
  | 'targetModules'
  | 'modulesToSave'
  | 'fanInFanOut'
  | 'dropout'
  | 'taskType'
  | 'baseModel'
  | 'initLoraWeights'
>;

/** An adapter whose values are not in memory. */
export interface AdapterPlan {
  readonly settings: SettingsToWrite;
  readonly modules: ReadonlyMap<string, AdapterModuleInfo>;
  readonly savedTensors: ReadonlyMap<string, Pick<SavedTensor, 'shape'>>;
}

/**
 * Writes an adapter in PEFT's format into an existing folder: f32, keys and config sorted, deterministic. Returns the names of
 * the two files.
 */
export async function writeAdapter(
  directory: string,
  adapter: AdapterToWrite,
  options: WriterOptions = {},
): Promise<readonly string[]> {
  return writePlannedAdapter(
    directory,
    adapter,
    async (writer) => {
      const { signal } = options;
      for (const [module, { kind, a, b }] of adapter.modules) {
        await writer.write(pairKey(module, kind, 'a'), a, { signal });
        await writer.write(pairKey(module, kind, 'b'), b, { signal });
      }
      for (const [name, { data }] of adapter.savedTensors)
        await writer.write(savedKey(name, adapter.modules), data, { signal });
    },
    options,
  );
}

/** As `writeAdapter`; `fill` gives the writer every factor (`pairKey`) and every saved tensor (`savedKey` with the modules), in any order. */
export async function writePlannedAdapter(
  directory: string,
  plan: AdapterPlan,
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

function tensorsOf({ modules, savedTensors }: AdapterPlan): TensorPlan[] {
  const planned = (name: string, shape: readonly number[]): TensorPlan => ({ name, dtype: 'F32', shape });
  const pairs = [...modules].flatMap(([module, { kind, aShape, bShape }]) => [
    planned(pairKey(module, kind, 'a'), aShape),
    planned(pairKey(module, kind, 'b'), bShape),
  ]);
  return [...pairs, ...[...savedTensors].map(([name, { shape }]) => planned(savedKey(name, modules), shape))];
}

/** PEFT 0.21's `LoraConfig`; keys left out have PEFT's defaults. */
function configOf({ settings, modules, savedTensors }: AdapterPlan): Record<string, unknown> {
  const ranks = [...modules].filter(([, pair]) => pair.rank !== settings.rank);
  const alphas = [...modules].filter(([, pair]) => pair.alpha !== settings.alpha);
  return {
    alpha_pattern: Object.fromEntries(alphas.map(([name, pair]) => [name, pair.alpha])),
    auto_mapping: null,
    base_model_name_or_path: settings.baseModel === '' ? null : settings.baseModel,
    bias: biasOf(modules, savedTensors),
    fan_in_fan_out: settings.fanInFanOut,
    inference_mode: true,
    init_lora_weights: settings.initLoraWeights,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: settings.alpha,
    lora_dropout: settings.dropout,
    modules_to_save: settings.modulesToSave.length === 0 ? null : [...settings.modulesToSave].sort(),
    peft_type: 'LORA',
    r: settings.rank,
    rank_pattern: Object.fromEntries(ranks.map(([name, pair]) => [name, pair.rank])),
    revision: null,
    target_modules: [...(settings.targetModules.length > 0 ? settings.targetModules : modules.keys())].sort(),
    task_type: settings.taskType === '' ? null : settings.taskType,
    use_dora: false,
    use_rslora: settings.rankStabilized,
  };
}

/** `lora_only` where a bias of an adapted module is among the tensors in full. */
function biasOf(modules: AdapterPlan['modules'], savedTensors: AdapterPlan['savedTensors']): string {
  const trained = [...savedTensors.keys()].some(
    (name) => name.endsWith('.bias') && modules.has(name.slice(0, -'.bias'.length)),
  );
  return trained ? 'lora_only' : 'none';
}
