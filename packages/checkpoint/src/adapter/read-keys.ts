import { corruptData, incompatible } from '@eigenloom/errors';
import type { SafetensorsFile } from '@eigenloom/numeric';

import { WEIGHTS_FILE } from './adapter.js';
import { type AdapterKey, parseKey } from './adapter-keys.js';
import type { PeftParts } from './peft-format.js';

/** A tensor in full that has not been read. */
export interface OpenedSavedTensor {
  readonly key: string;
  readonly shape: readonly number[];
  /** PEFT's wrapper says that it is the copy of `modules_to_save`. */
  readonly wrapped: boolean;
}

/** A tensor of an adapter's own that has not been read. */
export interface OpenedFactor {
  /** As PEFT calls it: `lora_A`. */
  readonly name: string;
  /** The module that it belongs to; null where it is shared. */
  readonly module: string | null;
  readonly key: string;
  readonly shape: readonly number[];
}

/** What an adapter's file holds, by what it means. */
export interface ReadKeys {
  /** In order of key. */
  readonly factors: readonly OpenedFactor[];
  /** By tensor name in the base. */
  readonly savedTensors: ReadonlyMap<string, OpenedSavedTensor>;
  /** The base's own tensors, by their names. */
  readonly ownTensors: ReadonlyMap<string, OpenedSavedTensor>;
}

/**
 * Decodes every key of an adapter's file. Errors: `UNSUPPORTED_ADAPTER` for a key without a meaning; `CORRUPT_ADAPTER` for a file without
 * tensors, and for two keys that mean the same. `parts` are the adapter's own; default: those of LoRA and Polytropon.
 */
export function readKeys({ tensors }: SafetensorsFile, parts?: PeftParts): ReadKeys {
  if (tensors.size === 0) {
    throw corrupt(
      `has no tensors, so the adapter changes nothing; save it again (under DeepSpeed ZeRO-3 or FSDP gather the weights first)`,
    );
  }
  const factors: OpenedFactor[] = [];
  const savedTensors = new Map<string, OpenedSavedTensor>();
  const ownTensors = new Map<string, OpenedSavedTensor>();
  const meant = new Map<string, string>();
  for (const [key, { shape }] of [...tensors].sort(([x], [y]) => (x < y ? -1 : 1))) {
    const parsed = parseKey(key, parts);
    if (parsed.part === 'unknown') {
      throw incompatible(
        'UNSUPPORTED_ADAPTER',
        `${WEIGHTS_FILE}: no meaning is known for ${JSON.stringify(key)}; pairs of LoRA, tensors in full and biases are read`,
        { details: { file: WEIGHTS_FILE, key } },
      );
    }
    refuseTwice(parsed, key, meant);
    if (parsed.part === 'factor') factors.push({ name: parsed.name, module: parsed.module, key, shape });
    else if (parsed.part === 'saved')
      savedTensors.set(parsed.tensor, { key, shape, wrapped: parsed.wrapped });
    else if (parsed.part === 'own') ownTensors.set(parsed.tensor, { key, shape, wrapped: false });
  }
  return { factors, savedTensors, ownTensors };
}

function refuseTwice(
  parsed: Exclude<AdapterKey, { part: 'unknown' }>,
  key: string,
  meant: Map<string, string>,
): void {
  if (parsed.part === 'original') return;
  const what = parsed.part === 'factor' ? `${parsed.name} of ${parsed.module ?? 'all'}` : parsed.tensor;
  const before = meant.get(what);
  if (before !== undefined) {
    throw corrupt(
      `${JSON.stringify(before)} and ${JSON.stringify(key)} mean the same; the file must hold one adapter, and each tensor once`,
    );
  }
  meant.set(what, key);
}

export const corrupt = (why: string): Error =>
  corruptData('CORRUPT_ADAPTER', `${WEIGHTS_FILE}: ${why}`, { details: { file: WEIGHTS_FILE } });
