import type { SafetensorsWriter, WriterOptions } from '@eigenloom/numeric';

import type { JsonObject } from '../json-file.js';
import type { Adapter, AdapterModuleInfo, SavedTensor } from './adapter.js';
import { pairKey, pairPart, savedKey } from './adapter-keys.js';
import { LORA_FORMAT } from './peft-format.js';
import { type PeftSettingsToWrite, writePeft } from './write-peft.js';

/** What is needed to write an adapter; ranks and alphas of single modules are taken from them. */
export type AdapterToWrite = Pick<Adapter, 'modules' | 'savedTensors'> & {
  readonly settings: SettingsToWrite;
};

type SettingsToWrite = LoraSettingsToWrite & PeftSettingsToWrite;

/** The settings of LoRA's own. */
export type LoraSettingsToWrite = Pick<
  Adapter['settings'],
  'rank' | 'alpha' | 'rankStabilized' | 'fanInFanOut' | 'dropout' | 'initLoraWeights'
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
  { settings, modules, savedTensors }: AdapterPlan,
  fill: (writer: SafetensorsWriter) => Promise<void>,
  options: WriterOptions = {},
): Promise<readonly string[]> {
  const factors = [...modules].flatMap(([module, { kind, aShape, bShape }]) => [
    { name: pairPart(kind, 'a'), module, shape: aShape },
    { name: pairPart(kind, 'b'), module, shape: bShape },
  ]);
  const config = loraConfig(settings, modules);
  const plan = { format: LORA_FORMAT, settings, config, modules: [...modules.keys()], factors, savedTensors };
  return writePeft(directory, plan, fill, options);
}

/** The keys of PEFT 0.21's `LoraConfig` that are LoRA's own. */
export function loraConfig(
  settings: LoraSettingsToWrite,
  modules: ReadonlyMap<string, Pick<AdapterModuleInfo, 'rank' | 'alpha'>>,
): JsonObject {
  const ranks = [...modules].filter(([, pair]) => pair.rank !== settings.rank);
  const alphas = [...modules].filter(([, pair]) => pair.alpha !== settings.alpha);
  return {
    alpha_pattern: Object.fromEntries(alphas.map(([name, pair]) => [name, pair.alpha])),
    fan_in_fan_out: settings.fanInFanOut,
    init_lora_weights: settings.initLoraWeights,
    lora_alpha: settings.alpha,
    lora_dropout: settings.dropout,
    r: settings.rank,
    rank_pattern: Object.fromEntries(ranks.map(([name, pair]) => [name, pair.rank])),
    use_dora: false,
    use_rslora: settings.rankStabilized,
  };
}
