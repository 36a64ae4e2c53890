import type { AdapterModuleKind } from './adapter.js';

/** PEFT's prefix of every key. */
export const KEY_PREFIX = 'base_model.model.';

/** Modules that torch puts around another, without a meaning of their own: torch.compile, FSDP, activation checkpointing. */
const WRAPPERS = new Set(['_orig_mod', '_fsdp_wrapped_module', '_checkpoint_wrapped_module']);

/** Factors by the module that PEFT keeps them in; those of an embedding are parameters, the others have a `weight`. */
const FACTORS: ReadonlyMap<string, { readonly kind: AdapterModuleKind; readonly side: 'a' | 'b' }> = new Map([
  ['lora_A', { kind: 'linear', side: 'a' }],
  ['lora_B', { kind: 'linear', side: 'b' }],
  ['lora_embedding_A', { kind: 'embedding', side: 'a' }],
  ['lora_embedding_B', { kind: 'embedding', side: 'b' }],
]);
const POLY = new Set(['poly_lora_A', 'poly_lora_B', 'poly_router']);
/** Parameters of other methods, and of options of LoRA that are not computed here. */
const FOREIGN = /^(lora_|poly_|trainable_tokens_|token_adapter$)/;

/** What a key of `adapter_model.safetensors` names. Modules and tensors by their names in the base. */
export type AdapterKey =
  | {
      readonly part: 'pair';
      readonly module: string;
      readonly kind: AdapterModuleKind;
      readonly side: 'a' | 'b';
    }
  | { readonly part: 'poly'; readonly module: string; readonly factor: 'a' | 'b' | 'router' }
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
export function parseKey(key: string): AdapterKey {
  const parts = innerParts(key);
  const factorAt = parts.findIndex((part) => FACTORS.has(part) || POLY.has(part));
  if (factorAt > 0) return factorOf(parts.slice(0, factorAt), parts.slice(factorAt));
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

function factorOf(path: readonly string[], [factor = '', ...rest]: readonly string[]): AdapterKey {
  const module = path.join('.');
  const pair = FACTORS.get(factor);
  // `lora_A.weight`, `lora_A.default.weight`; `lora_embedding_A`, `lora_embedding_A.default`, `poly_lora_A.default`.
  const leaf = pair?.kind === 'linear' ? 'weight' : factor === 'poly_router' ? 'module_logits' : undefined;
  const named = leaf === undefined ? rest : rest.at(-1) === leaf ? rest.slice(0, -1) : undefined;
  if (named === undefined || named.length > 1) return { part: 'unknown' };
  if (pair !== undefined) return { part: 'pair', module, ...pair };
  const side = factor === 'poly_router' ? 'router' : factor === 'poly_lora_A' ? 'a' : 'b';
  return { part: 'poly', module, factor: side };
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

/** Key of one factor of a module's pair. */
export function pairKey(module: string, kind: AdapterModuleKind, side: 'a' | 'b'): string {
  const name = [...FACTORS].find(([, factor]) => factor.kind === kind && factor.side === side)?.[0] ?? '';
  return `${KEY_PREFIX}${module}.${name}${kind === 'linear' ? '.weight' : ''}`;
}

/** Key of a tensor in full. What belongs to an adapted module, such as its bias, lies under PEFT's layer. */
export function savedKey(tensor: string, modules?: { has(module: string): boolean }): string {
  const at = tensor.lastIndexOf('.');
  const module = tensor.slice(0, Math.max(0, at));
  const inside = modules?.has(module) === true;
  return `${KEY_PREFIX}${inside ? `${module}.base_layer${tensor.slice(at)}` : tensor}`;
}
