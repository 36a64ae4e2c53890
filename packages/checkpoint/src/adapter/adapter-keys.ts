import type { AdapterModuleKind } from './adapter.js';
import { LORA_FORMAT, type LoraPart, POLY_FORMAT, type PeftParts } from './peft-format.js';

/** PEFT's prefix of every key. */
export const KEY_PREFIX = 'base_model.model.';

/** Modules that torch puts around another, without a meaning of their own: torch.compile, FSDP, activation checkpointing. */
const WRAPPERS = new Set(['_orig_mod', '_fsdp_wrapped_module', '_checkpoint_wrapped_module']);

/** What is read without a word of the kind: LoRA's pairs and Polytropon's inventories, which messages tell apart. */
const LORA_AND_POLY: PeftParts = { ...LORA_FORMAT.parts, ...POLY_FORMAT.parts };
/** Parameters of other methods, and of options of LoRA that are not computed here. */
const FOREIGN = /^(lora_|poly_|trainable_tokens_|token_adapter$)/;

/** What a key of `adapter_model.safetensors` names. Modules and tensors by their names in the base. */
export type AdapterKey =
  /** A tensor of the adapter's own: its name in PEFT, and the module that it belongs to; null where it is shared. */
  | { readonly part: 'factor'; readonly name: string; readonly module: string | null }
  /** Trained in full: the copy that `modules_to_save` makes, where `wrapped`; else any tensor that is not part of a pair. */
  | { readonly part: 'saved'; readonly tensor: string; readonly wrapped: boolean }
  /** The base's own tensor, which lies under a pair: written over the base's when PEFT loads the adapter. */
  | { readonly part: 'own'; readonly tensor: string }
  /** What `modules_to_save` replaced: kept by PEFT to switch back, and without effect. */
  | { readonly part: 'original'; readonly tensor: string }
  | { readonly part: 'unknown' };

/**
 * Decodes a key as PEFT, torch and those who save what they hold write it: with or without `base_model.model.`, with or without the
 * adapter's name, through wrappers at any depth.
 */
export function parseKey(key: string, kinds: PeftParts = LORA_AND_POLY): AdapterKey {
  const parts = innerParts(key);
  const at = parts.findIndex((part) => Object.hasOwn(kinds, part));
  const factor = at < 0 ? undefined : factorOf(parts.slice(0, at), parts.slice(at), kinds);
  if (factor !== undefined) return factor;
  if (parts.some((part) => FOREIGN.test(part))) return { part: 'unknown' };
  return inFull(parts);
}

/** The components of a key without prefix and wrappers. */
function innerParts(key: string): string[] {
  let parts = key.split('.').filter((part) => !WRAPPERS.has(part));
  for (;;) {
    // DataParallel and DistributedDataParallel call what they wrap `module`.
    const wrapped = parts[0] === 'module' && parts.length > 2;
    const prefixed = parts[0] === 'base_model' && parts[1] === 'model' && parts.length > 2;
    if (!wrapped && !prefixed) return parts;
    parts = parts.slice(wrapped ? 1 : 2);
  }
}

/** Undefined where a part stands at a place that is not its own. */
function factorOf(
  path: readonly string[],
  [name = '', ...rest]: readonly string[],
  kinds: PeftParts,
): AdapterKey | undefined {
  const { at, leaf } = kinds[name] ?? { at: 'module' };
  const isShared = at === 'module' ? false : path.length === 0 || path.join('.') === 'base_model';
  if (at === 'module' ? path.length === 0 : !isShared) return undefined;
  // `lora_A.weight`, `lora_A.default.weight`; `lora_embedding_A`, `lora_embedding_A.default`, `poly_lora_A.default`.
  const named = leaf === undefined ? rest : rest.at(-1) === leaf ? rest.slice(0, -1) : undefined;
  if (named === undefined || named.length > 1) return { part: 'unknown' };
  return { part: 'factor', name, module: isShared ? null : path.join('.') };
}

function inFull(parts: readonly string[]): AdapterKey {
  const at = parts.findIndex((part) => ['base_layer', 'original_module', 'modules_to_save'].includes(part));
  if (at < 0) return { part: 'saved', tensor: parts.join('.'), wrapped: false };
  const before = parts.slice(0, at);
  if (parts[at] === 'modules_to_save') {
    // The adapter's name follows, unless PEFT has taken it off.
    const after = parts.slice(parts.length - at > 2 ? at + 2 : at + 1);
    return after.length === 0
      ? { part: 'unknown' }
      : { part: 'saved', tensor: [...before, ...after].join('.'), wrapped: true };
  }
  const inner = inFull([...before, ...parts.slice(at + 1)]);
  if (inner.part !== 'saved') return inner;
  const part = parts[at] === 'original_module' ? 'original' : 'own';
  return { part, tensor: inner.tensor };
}

/** Key of a tensor of an adapter's own; `module` is null where it is shared. */
export function factorKey(parts: PeftParts, name: string, module: string | null): string {
  const { at, leaf } = parts[name] ?? { at: 'module' };
  const before = at === 'module' ? `${KEY_PREFIX}${module ?? ''}.` : at === 'shared' ? 'base_model.' : '';
  return `${before}${name}${leaf === undefined ? '' : `.${leaf}`}`;
}

/** The name of one factor of a pair. */
export const pairPart = (kind: AdapterModuleKind, side: 'a' | 'b'): LoraPart =>
  kind === 'linear'
    ? side === 'a'
      ? 'lora_A'
      : 'lora_B'
    : side === 'a'
      ? 'lora_embedding_A'
      : 'lora_embedding_B';

/** Key of one factor of a module's pair. */
export const pairKey = (module: string, kind: AdapterModuleKind, side: 'a' | 'b'): string =>
  factorKey(LORA_FORMAT.parts, pairPart(kind, side), module);

/** Key of a tensor in full. What belongs to an adapted module, such as its bias, lies under PEFT's layer. */
export function savedKey(tensor: string, modules?: { has(module: string): boolean }): string {
  const at = tensor.lastIndexOf('.');
  const module = tensor.slice(0, Math.max(0, at));
  const inside = modules?.has(module) === true;
  return `${KEY_PREFIX}${inside ? `${module}.base_layer${tensor.slice(at)}` : tensor}`;
}
