import type { AdapterModuleKind } from './adapter.js';

/** PEFT's prefix of every key. */
export const KEY_PREFIX = 'base_model.model.';

const SUFFIXES: readonly (readonly [suffix: string, kind: AdapterModuleKind, side: 'a' | 'b'])[] = [
  ['.lora_A.weight', 'linear', 'a'],
  ['.lora_B.weight', 'linear', 'b'],
  ['.lora_embedding_A', 'embedding', 'a'],
  ['.lora_embedding_B', 'embedding', 'b'],
];

export type AdapterKey =
  | {
      readonly part: 'pair';
      readonly module: string;
      readonly kind: AdapterModuleKind;
      readonly side: 'a' | 'b';
    }
  | { readonly part: 'saved'; readonly tensor: string }
  | { readonly part: 'unknown' };

/** What a key of `adapter_model.safetensors` names. */
export function parseKey(key: string): AdapterKey {
  if (!key.startsWith(KEY_PREFIX)) return { part: 'unknown' };
  const rest = key.slice(KEY_PREFIX.length);
  for (const [suffix, kind, side] of SUFFIXES) {
    if (rest.endsWith(suffix)) return { part: 'pair', module: rest.slice(0, -suffix.length), kind, side };
  }
  // A frozen embedding, which PEFT may save beside its pair: whether it is the base's own is not said.
  if (rest.includes('.base_layer.')) return { part: 'unknown' };
  if (/\.lora_[A-Za-z_]+(\.|$)/.test(rest)) return { part: 'unknown' };
  return { part: 'saved', tensor: rest };
}

/** Key of one factor of a module's pair. */
export function pairKey(module: string, kind: AdapterModuleKind, side: 'a' | 'b'): string {
  const found = SUFFIXES.find(([, k, s]) => k === kind && s === side);
  return `${KEY_PREFIX}${module}${found?.[0] ?? ''}`;
}

/** Key of a tensor in full. */
export const savedKey = (tensor: string): string => KEY_PREFIX + tensor;
