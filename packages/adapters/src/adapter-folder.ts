import {
  type PeftSettingsToWrite,
  type SavedTensor,
  factorKey,
  isOfFormat,
  readAdapterConfig,
  savedKey,
  writePeft,
} from '@eigenloom/checkpoint';
import type { OpenFileOptions, WriterOptions } from '@eigenloom/numeric';

import type { AdapterDefinition, AdapterFiles } from './definition.js';
import type { FactorValues, Parametrisation } from './parametrisation.js';
import { DEFINITIONS } from './registry.js';

/**
 * Reads the adapter of a folder, of whatever kind it is. Errors: those of the files and of the kind; a folder of no known kind is refused as
 * LoRA's reader refuses it.
 */
export async function readAdapterFolder(
  directory: string,
  options: OpenFileOptions = {},
): Promise<AdapterFiles> {
  const config = await readAdapterConfig(directory);
  const kinds: readonly Pick<AdapterDefinition<never>, 'format' | 'read'>[] = Object.values(DEFINITIONS);
  const kind = kinds.find(({ format }) => isOfFormat(format, config)) ?? DEFINITIONS.lora;
  return kind.read(directory, options);
}

/** An adapter to write. */
export interface AdapterToWrite {
  readonly parametrisation: Parametrisation;
  /** By what the parametrisation calls them, in order. */
  readonly modules: readonly string[];
  readonly factors: readonly FactorValues[];
  readonly savedTensors: ReadonlyMap<string, SavedTensor>;
  readonly settings: PeftSettingsToWrite & { readonly fanInFanOut: boolean };
  /** The path of a module in the files; default: its name. */
  readonly rename?: (module: string) => string;
}

/**
 * Writes an adapter of any kind in PEFT's format into an existing folder. Only tensors that its format has are written; another one is an
 * internal error. Returns the names of the two files.
 */
export async function writeAdapterFolder(
  directory: string,
  { parametrisation, modules, factors, savedTensors, settings, rename = (name) => name }: AdapterToWrite,
  options: WriterOptions = {},
): Promise<readonly string[]> {
  const { format } = parametrisation;
  const written = factors.map(({ part, module, ...tensor }) => {
    if (!Object.hasOwn(format.parts, part)) throw new Error(`${format.peftType} has no tensor ${part}`);
    return { name: part, module: module === null ? null : rename(module), ...tensor };
  });
  const paths = modules.map((name) => ({ name, path: rename(name) }));
  const adapted = paths.map(({ path }) => path);
  const config = parametrisation.config({ modules: paths, fanInFanOut: settings.fanInFanOut });
  return writePeft(
    directory,
    { format, settings, config, modules: adapted, factors: written, savedTensors },
    async (writer) => {
      const { signal } = options;
      for (const { name, module, data } of written)
        await writer.write(factorKey(format.parts, name, module), data, { signal });
      const inside = new Set(adapted);
      for (const [name, { data }] of savedTensors)
        await writer.write(savedKey(name, inside), data, { signal });
    },
    options,
  );
}
