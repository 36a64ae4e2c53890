import type { OpenFileOptions, SafetensorsFile } from '@eigenloom/numeric';

import {
  type AdapterModuleInfo,
  type AdapterModuleKind,
  type AdapterSettings,
  CONFIG_FILE,
  scalingOf,
} from './adapter.js';
import { parseSettings, patternValue } from './adapter-config.js';
import { type OpenedInFull, openAdapterWeights, splitOwn } from './open-peft.js';
import type { LoraPart } from './peft-format.js';
import { type OpenedSavedTensor, corrupt, readKeys } from './read-keys.js';
import { readAdapterConfig } from './read-adapter-config.js';

/** A pair that has not been read, with the keys of its factors in the file. */
export interface OpenedModule extends AdapterModuleInfo {
  readonly aKey: string;
  readonly bKey: string;
}

/** A LoRA adapter of which only the config and the header of the weights have been read. */
export interface OpenedAdapter extends OpenedInFull {
  readonly settings: AdapterSettings;
  readonly directory: string;
  readonly file: SafetensorsFile;
  /** By module path in the base, in order of path. */
  readonly modules: ReadonlyMap<string, OpenedModule>;
}

const FACTORS = {
  lora_A: { kind: 'linear', side: 'a' },
  lora_B: { kind: 'linear', side: 'b' },
  lora_embedding_A: { kind: 'embedding', side: 'a' },
  lora_embedding_B: { kind: 'embedding', side: 'b' },
} as const satisfies Record<LoraPart, object>;

/**
 * Opens a PEFT LoRA adapter: `adapter_config.json` and `adapter_model.safetensors` of a folder.
 * Errors: `FILE_NOT_FOUND`, `PICKLE_REFUSED`, `CORRUPT_ADAPTER`, `UNSUPPORTED_ADAPTER`, those of the files.
 */
export async function openAdapter(directory: string, options: OpenFileOptions = {}): Promise<OpenedAdapter> {
  const settings = parseSettings(await readAdapterConfig(directory));
  const file = await openAdapterWeights(directory, options);
  const { factors, ...inFull } = readKeys(file);
  const sides = new Map<string, Sides>();
  for (const { name, module, key, shape } of factors) {
    const factor = Object.hasOwn(FACTORS, name) ? FACTORS[name as keyof typeof FACTORS] : undefined;
    if (module === null || factor === undefined)
      throw corrupt(`${JSON.stringify(key)} belongs to an adapter of the kind POLY`);
    const { kind, side } = factor;
    const found = sides.get(module) ?? { kind };
    if (found.kind !== kind) {
      throw corrupt(`module ${JSON.stringify(module)} has a pair of a linear module and one of an embedding`);
    }
    sides.set(module, { ...found, [side]: { key, shape, wrapped: false } });
  }
  const modules = new Map([...sides].map(([name, s]) => [name, moduleOf(name, s, settings)]));
  return { settings, modules, directory, file, ...splitOwn(inFull, settings) };
}

interface Sides {
  readonly kind: AdapterModuleKind;
  readonly a?: OpenedSavedTensor;
  readonly b?: OpenedSavedTensor;
}

function moduleOf(name: string, { kind, a, b }: Sides, settings: AdapterSettings): OpenedModule {
  if (a === undefined || b === undefined) {
    const [there, missing] = a === undefined ? ['B', 'A'] : ['A', 'B'];
    throw corrupt(`module ${JSON.stringify(name)} has a lora_${there} and no lora_${missing}`);
  }
  const rank = a.shape[0] ?? 0;
  const declared = patternValue(settings.rankPattern, name, settings.rank);
  const alpha = patternValue(settings.alphaPattern, name, settings.alpha);
  const shapes = `A is [${a.shape.join(', ')}], B is [${b.shape.join(', ')}]`;
  if ([...a.shape, ...b.shape].includes(0)) {
    throw corrupt(
      `module ${JSON.stringify(name)} is empty: ${shapes}; save the adapter again with the shards of DeepSpeed ZeRO-3 or FSDP gathered`,
    );
  }
  if (rank !== declared || b.shape[1] !== rank || a.shape.length < 2) {
    throw corrupt(`module ${JSON.stringify(name)}: ${shapes}; ${CONFIG_FILE} says rank ${declared}`);
  }
  const scaling = scalingOf(alpha, rank, settings.rankStabilized);
  return { kind, aKey: a.key, aShape: a.shape, bKey: b.key, bShape: b.shape, rank, alpha, scaling };
}
