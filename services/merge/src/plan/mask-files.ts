import { incompatible } from '@eigenloom/errors';
import type { MergeStatistic, SafetensorsFile } from '@eigenloom/numeric';

import type { MergePlan } from './planned.js';

/** Folder of the masks inside a merged model. */
export const MASK_FOLDER = 'masks';
/** The factor of a task's vector: one F64. No tensor of a model has such a name. */
export const RESCALER = 'eigenloom:rescaler';

/** File of a model's masks: a tensor for each merged tensor, by its name, U8, a bit an element, the first in the highest bit of a byte. */
export const maskFile = (model: number): string => `${MASK_FOLDER}/${model}.safetensors`;

export const maskBytes = (shape: readonly number[]): number =>
  Math.ceil(shape.reduce((product, size) => product * size, 1) / 8);

/** A bit for each element that is not zero, the first in the highest bit of a byte. */
export function packMask(mask: Uint8Array): Uint8Array {
  const packed = new Uint8Array(Math.ceil(mask.length / 8));
  mask.forEach((taken, i) => {
    if (taken !== 0) packed[i >> 3] = (packed[i >> 3] ?? 0) | (0x80 >> (i & 7));
  });
  return packed;
}

/** The masks of a file as what the core reads beside every model. Errors: `MASK_DIFFERS` naming a tensor that the file does not fit. */
export function masksByTensor(
  file: SafetensorsFile,
  { tensors }: Pick<MergePlan, 'tensors'>,
): Map<string, readonly MergeStatistic[]> {
  const masks = new Map<string, readonly MergeStatistic[]>();
  for (const { name, shape, merged, sources } of tensors) {
    if (!merged) continue;
    const found = file.tensors.get(name);
    const bytes = maskBytes(shape);
    if (found?.dtype !== 'U8' || found.shape.length !== 1 || found.shape[0] !== bytes) {
      throw incompatible(
        'MASK_DIFFERS',
        `${file.file}: has no mask of ${bytes} bytes for tensor ${JSON.stringify(name)}`,
      );
    }
    masks.set(
      name,
      sources.map(() => ({ file, name })),
    );
  }
  return masks;
}
