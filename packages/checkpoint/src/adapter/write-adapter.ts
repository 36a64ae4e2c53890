import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { type CallOptions, SafetensorsWriter, type TensorPlan } from '@eigenloom/numeric';

import { sortedJson } from '../json-file.js';
import { type Adapter, CONFIG_FILE, WEIGHTS_FILE } from './adapter.js';
import { KEY_PREFIX, pairKey } from './adapter-keys.js';

/** What is needed to write an adapter; ranks and alphas of single modules are taken from them. */
export type AdapterToWrite = Pick<Adapter, 'modules' | 'savedTensors'> & {
  readonly settings: Omit<Adapter['settings'], 'raw' | 'rankPattern' | 'alphaPattern'>;
};

/**
 * Writes an adapter in PEFT's format into an existing folder: f32, keys and config sorted, deterministic. Returns the names of
 * the two files.
 */
export async function writeAdapter(
  directory: string,
  adapter: AdapterToWrite,
  options: CallOptions = {},
): Promise<readonly string[]> {
  const tensors = tensorsOf(adapter);
  const plans = tensors.map(({ name, shape }): TensorPlan => ({ name, dtype: 'F32', shape }));
  const writer = await SafetensorsWriter.create(
    join(directory, WEIGHTS_FILE),
    plans,
    { format: 'pt' },
    options,
  );
  try {
    for (const { name, data } of tensors) await writer.write(name, data, { signal: options.signal });
    await writer.finish(options);
  } catch (error) {
    writer.discard();
    throw error;
  }
  await writeDurably(join(directory, CONFIG_FILE), sortedJson(configOf(adapter)));
  return [CONFIG_FILE, WEIGHTS_FILE];
}

interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

function tensorsOf(adapter: AdapterToWrite): NamedTensor[] {
  const pairs = [...adapter.modules].flatMap(([module, pair]): NamedTensor[] => [
    { name: pairKey(module, pair.kind, 'a'), shape: pair.aShape, data: pair.a },
    { name: pairKey(module, pair.kind, 'b'), shape: pair.bShape, data: pair.b },
  ]);
  const saved = [...adapter.savedTensors].map(([name, tensor]): NamedTensor => ({
    name: KEY_PREFIX + name,
    ...tensor,
  }));
  return [...pairs, ...saved];
}

/** PEFT 0.21's `LoraConfig`; keys left out have PEFT's defaults. */
function configOf({ settings, modules }: AdapterToWrite): Record<string, unknown> {
  const ranks = [...modules].filter(([, pair]) => pair.rank !== settings.rank);
  const alphas = [...modules].filter(([, pair]) => pair.alpha !== settings.alpha);
  return {
    alpha_pattern: Object.fromEntries(alphas.map(([name, pair]) => [name, pair.alpha])),
    auto_mapping: null,
    base_model_name_or_path: settings.baseModel === '' ? null : settings.baseModel,
    bias: 'none',
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
    target_modules: [...settings.targetModules].sort(),
    task_type: settings.taskType === '' ? null : settings.taskType,
    use_dora: false,
    use_rslora: settings.rankStabilized,
  };
}

async function writeDurably(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
