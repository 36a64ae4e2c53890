import type { CallOptions } from '@eigenloom/numeric';

import type { Factors } from '../steps/adapter-method.js';
import type { ModuleSource } from '../plan/planned.js';

/**
 * The skills of an inventory as pairs, the blocks of their heads side by side: what PEFT computes with A (splits, skills, in/splits, rank)
 * and B (splits, skills, rank, out/splits), where A maps from the input.
 */
export async function readInventory(
  { input, module, splits }: Extract<ModuleSource, { kind: 'inventory' }>,
  options: CallOptions,
): Promise<readonly Factors[]> {
  const { aKey, bKey, rows, columns } = module;
  const [, skills = 0, width = 0, rank = 0] = input.file.tensors.get(aKey)?.shape ?? [];
  const height = rows / splits;
  const allA = await input.file.read(aKey, 'f64', options);
  const allB = await input.file.read(bKey, 'f64', options);
  return Array.from({ length: skills }, (_, skill) => {
    const a = new Float64Array(rank * columns);
    const b = new Float64Array(rows * rank);
    for (let split = 0; split < splits; split += 1) {
      const block = split * skills + skill;
      for (let k = 0; k < rank; k += 1) {
        for (let j = 0; j < width; j += 1) {
          a[k * columns + split * width + j] = allA[(block * width + j) * rank + k] ?? 0;
        }
        for (let i = 0; i < height; i += 1) {
          b[(split * height + i) * rank + k] = allB[(block * rank + k) * height + i] ?? 0;
        }
      }
    }
    return { a: { rows: rank, columns, data: a }, b: { rows, columns: rank, data: b } };
  });
}
