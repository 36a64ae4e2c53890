import { join } from 'node:path';

import { type OpenFileOptions, SafetensorsFile } from '@eigenloom/numeric';

import { exists } from '../exists.js';
import { insideFolder } from '../model/inside-folder.js';
import { pickleRefused, refuseOtherFormats } from '../model/pickle.js';
import { type PeftSettings, WEIGHTS_FILE } from './adapter.js';
import type { PeftFormat } from './peft-format.js';
import { parsePeftSettings } from './peft-settings.js';
import { readAdapterConfig } from './read-adapter-config.js';
import { type OpenedFactor, type OpenedSavedTensor, readKeys } from './read-keys.js';

/** The tensors in full of an adapter, by their names in the base. */
export interface OpenedInFull {
  readonly savedTensors: ReadonlyMap<string, OpenedSavedTensor>;
  /** The base's own tensors, as `save_embedding_layers` keeps them. */
  readonly ownTensors: ReadonlyMap<string, OpenedSavedTensor>;
}

/** An adapter in a format of which only the config and the header of the weights have been read. */
export interface OpenedPeft extends OpenedInFull {
  readonly settings: PeftSettings;
  readonly directory: string;
  readonly file: SafetensorsFile;
  /** In order of key. */
  readonly factors: readonly OpenedFactor[];
}

/**
 * Opens an adapter of any kind. Errors: `FILE_NOT_FOUND`, `PICKLE_REFUSED`, `CORRUPT_ADAPTER`, `UNSUPPORTED_ADAPTER`, those of the files.
 */
export async function openPeft(
  directory: string,
  { peftType, parts }: PeftFormat,
  options: OpenFileOptions = {},
): Promise<OpenedPeft> {
  const settings = parsePeftSettings(await readAdapterConfig(directory), peftType);
  const file = await openAdapterWeights(directory, options);
  const { factors, ...inFull } = readKeys(file, parts);
  return { settings, directory, file, factors, ...splitOwn(inFull, settings) };
}

/** A bias of an adapted module is trained where the config says that biases are; every other tensor there is the base's. */
export function splitOwn(
  { savedTensors, ownTensors }: OpenedInFull,
  { bias }: Pick<PeftSettings, 'bias'>,
): OpenedInFull {
  const isTrained = (name: string): boolean => bias !== 'none' && name.endsWith('.bias');
  const trained = [...ownTensors].filter(([name]) => isTrained(name));
  return {
    savedTensors: new Map([...savedTensors, ...trained].sort(([x], [y]) => (x < y ? -1 : 1))),
    ownTensors: new Map([...ownTensors].filter(([name]) => !isTrained(name))),
  };
}

/** The weights of an adapter of any kind. Errors: `FILE_NOT_FOUND`, `PICKLE_REFUSED`, `CORRUPT_SAFETENSORS`. */
export async function openAdapterWeights(
  directory: string,
  options: OpenFileOptions = {},
): Promise<SafetensorsFile> {
  const path = await weightsPath(directory);
  await refuseOtherFormats(path);
  return SafetensorsFile.open(path, options);
}

async function weightsPath(directory: string): Promise<string> {
  try {
    return await insideFolder(directory, WEIGHTS_FILE);
  } catch (error) {
    const pickle = join(directory, 'adapter_model.bin');
    throw (await exists(pickle)) ? pickleRefused('adapter_model.bin') : error;
  }
}
