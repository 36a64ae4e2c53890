import { corruptData, incompatible } from '@eigenloom/errors';
import type { SafetensorsFile } from '@eigenloom/numeric';

import { WEIGHTS_FILE } from './adapter.js';
import { type AdapterKey, parseKey } from './adapter-keys.js';

/** A tensor in full that has not been read. */
export interface OpenedSavedTensor {
  readonly key: string;
  readonly shape: readonly number[];
  /** PEFT's wrapper says that it is the copy of `modules_to_save`. */
  readonly wrapped: boolean;
}

/** A decoded key with where it is. */
export type ReadKey<P extends AdapterKey['part']> = Extract<AdapterKey, { part: P }> & {
  readonly key: string;
  readonly shape: readonly number[];
};

/** What an adapter's file holds, by what it means. */
export interface ReadKeys {
  /** Factors of pairs, in order of key. */
  readonly factors: readonly ReadKey<'pair' | 'poly'>[];
  /** By tensor name in the base. */
  readonly savedTensors: ReadonlyMap<string, OpenedSavedTensor>;
  /** The base's own tensors, by their names. */
  readonly ownTensors: ReadonlyMap<string, OpenedSavedTensor>;
}

/**
 * Decodes every key of an adapter's file. Errors: `UNSUPPORTED_ADAPTER` for a key without a meaning; `CORRUPT_ADAPTER` for a file without
 * tensors, and for two keys that mean the same.
 */
export function readKeys({ tensors }: SafetensorsFile): ReadKeys {
  if (tensors.size === 0) {
    throw corrupt(
      `has no tensors, so the adapter changes nothing; save it again (under DeepSpeed ZeRO-3 or FSDP gather the weights first)`,
    );
  }
  const factors: ReadKey<'pair' | 'poly'>[] = [];
  const savedTensors = new Map<string, OpenedSavedTensor>();
  const ownTensors = new Map<string, OpenedSavedTensor>();
  const meant = new Map<string, string>();
  for (const [key, { shape }] of [...tensors].sort(([x], [y]) => (x < y ? -1 : 1))) {
    const parsed = parseKey(key);
    if (parsed.part === 'unknown') {
      throw incompatible(
        'UNSUPPORTED_ADAPTER',
        `${WEIGHTS_FILE}: no meaning is known for ${JSON.stringify(key)}; pairs of LoRA, tensors in full and biases are read`,
        { details: { file: WEIGHTS_FILE, key } },
      );
    }
    refuseTwice(parsed, key, meant);
    if (parsed.part === 'pair' || parsed.part === 'poly') factors.push({ ...parsed, key, shape });
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
  const { part } = parsed;
  const what =
    part === 'pair'
      ? `${parsed.kind} ${parsed.side} of ${parsed.module}`
      : part === 'poly'
        ? `${parsed.factor} of ${parsed.module}`
        : parsed.tensor;
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
