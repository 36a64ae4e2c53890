import type { OpenFileOptions, SafetensorsFile } from '@eigenloom/numeric';

import type { Adapter, AdapterModule, SavedTensor } from './adapter.js';
import { type OpenedAdapter, openAdapter } from './open-adapter.js';

/** An adapter with the file that it came from. */
export interface LoadedAdapter extends Adapter {
  readonly directory: string;
  readonly file: SafetensorsFile;
  /** Where the tensors in full are in the file. */
  readonly opened: Pick<OpenedAdapter, 'savedTensors' | 'ownTensors'>;
}

/** Reads a PEFT LoRA adapter of a folder into memory. Errors: those of `openAdapter`. */
export async function readAdapter(directory: string, options: OpenFileOptions = {}): Promise<LoadedAdapter> {
  const opened = await openAdapter(directory, options);
  const { file, settings } = opened;
  const modules = new Map<string, AdapterModule>();
  for (const [name, { aKey, bKey, ...info }] of opened.modules) {
    const a = await file.read(aKey, 'f32', options);
    modules.set(name, { ...info, a, b: await file.read(bKey, 'f32', options) });
  }
  const savedTensors = new Map<string, SavedTensor>();
  for (const [name, { key, shape }] of opened.savedTensors) {
    savedTensors.set(name, { shape, data: await file.read(key, 'f32', options) });
  }
  return { settings, modules, savedTensors, opened, directory, file };
}
