import type { OpenFileOptions } from '@eigenloom/numeric';

import type { JsonObject } from '../json-file.js';
import { type AdapterFold, type FoldTarget, prepareLoraFold } from './fold-adapter.js';
import { LORA_FORMAT, isOfFormat } from './peft-format.js';
import { readAdapter } from './read-adapter.js';

/** A kind of adapter that can be folded into a model. */
export interface AdapterKind {
  /** Whether the `adapter_config.json` of a folder is of this kind. */
  recognises(config: JsonObject): boolean;
  /** Reads the adapter of a folder and works out how it changes a model. Errors: those of the files and of the fit. */
  fold(directory: string, target: FoldTarget, options: OpenFileOptions): Promise<AdapterFold>;
}

/** LoRA; also what says that a folder of no known kind is none. */
export const LORA_KIND: AdapterKind = {
  recognises: (config) => isOfFormat(LORA_FORMAT, config),
  async fold(directory, target, options) {
    return prepareLoraFold(await readAdapter(directory, options), target);
  },
};
