import { incompatible } from '@eigenloom/errors';

import type { AdapterInput, PlannedSaved } from './planned.js';

/**
 * Tensors in full of the result, by name. With shares every adapter must have each, and they are averaged; without, one adapter
 * alone may have each, for without the base there is no sum of two. Errors: `SAVED_TENSORS_CONFLICT`, `ADAPTERS_DIFFER`.
 */
export function planSaved(
  inputs: readonly AdapterInput[],
  shares: readonly number[] | undefined,
): Map<string, PlannedSaved> {
  const saved = new Map<string, PlannedSaved>();
  for (const name of new Set(inputs.flatMap(({ adapter }) => [...adapter.savedTensors.keys()]))) {
    const found = inputs.flatMap((input, index) => {
      const tensor = input.adapter.savedTensors.get(name);
      return tensor === undefined ? [] : [{ input, ...tensor, weight: shares?.[index] ?? 1 }];
    });
    check(name, found, inputs, shares !== undefined);
    const sources = found.map(({ input, key, weight }) => ({
      source: { file: input.adapter.file, name: key, pairs: [] },
      weight,
    }));
    saved.set(name, { shape: found[0]?.shape ?? [], sources });
  }
  return saved;
}

function check(
  name: string,
  found: readonly { readonly input: AdapterInput; readonly shape: readonly number[] }[],
  inputs: readonly AdapterInput[],
  averaged: boolean,
): void {
  const [first, second] = found;
  if (first === undefined) return;
  if (averaged) {
    const missing = inputs.find(({ adapter }) => !adapter.savedTensors.has(name));
    if (missing !== undefined) throw differ(name, `is missing in ${missing.label}`);
    const other = found.find(({ shape }) => shape.join() !== first.shape.join());
    if (other !== undefined) throw differ(name, `has another shape in ${other.input.label}`);
  } else if (second !== undefined) {
    throw incompatible(
      'SAVED_TENSORS_CONFLICT',
      `tensor ${JSON.stringify(name)} is trained in full by ${first.input.label} and ${second.input.label}; only adapter_average and adapter_ema merge such tensors`,
      { details: { tensor: name } },
    );
  }
}

const differ = (name: string, why: string): Error =>
  incompatible('ADAPTERS_DIFFER', `tensor ${JSON.stringify(name)}, trained in full, ${why}`);
