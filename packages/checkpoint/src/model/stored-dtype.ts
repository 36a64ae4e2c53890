import { type Dtype, type TensorPlan, isFloat, sizeOf } from '@eigenloom/numeric';

import { isObject } from '../json-file.js';
import type { ModelConfig } from './model-config.js';

/** What PyTorch, and so `config.json`, calls the types that a whole model can be loaded as. */
export const TORCH_NAMES: Readonly<Partial<Record<Dtype, string>>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F64: 'float64',
};
/** New and old name of the key. */
const KEYS = ['dtype', 'torch_dtype'];
const SECTION = /_config$/;

/**
 * A config that names the type in which most of the weights are stored. transformers rounds weights to the named type as it loads them,
 * so a name that was left from the base would undo a training in f32, or load a merge in bf16 at twice its size. A wider name stays
 * while some tensor has it; sections (`text_config`) follow where they said the same. A config that names no type stays as it is.
 */
export function withStoredDtype(config: ModelConfig, tensors: readonly TensorPlan[]): ModelConfig {
  const named = KEYS.filter((key) => typeof config[key] === 'string');
  const said = named.map((key) => typeOf(config[key]))[0];
  const elements = elementsOf(tensors);
  const [main] = [...elements].sort(([, x], [, y]) => y - x)[0] ?? [];
  if (said === undefined || main === undefined || said === main) return config;
  if (elements.has(said) && sizeOf(said) > sizeOf(main)) return config;
  return renamed(config, said, TORCH_NAMES[main]);
}

/** Elements stored in each type that has a name in PyTorch. */
function elementsOf(tensors: readonly TensorPlan[]): Map<Dtype, number> {
  const elements = new Map<Dtype, number>();
  for (const { dtype, shape } of tensors) {
    if (!isFloat(dtype) || TORCH_NAMES[dtype] === undefined) continue;
    const count = shape.reduce((product, size) => product * size, 1);
    elements.set(dtype, (elements.get(dtype) ?? 0) + count);
  }
  return elements;
}

function renamed(config: ModelConfig, from: Dtype, name: string | undefined): ModelConfig {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      if (KEYS.includes(key) && typeOf(value) === from) return [key, name];
      return [key, SECTION.test(key) && isObject(value) ? renamed(value, from, name) : value];
    }),
  );
}

function typeOf(name: unknown): Dtype | undefined {
  const bare = typeof name === 'string' ? name.replace(/^torch\./, '') : undefined;
  return (Object.keys(TORCH_NAMES) as Dtype[]).find((dtype) => TORCH_NAMES[dtype] === bare);
}
