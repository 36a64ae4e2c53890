import { incompatible } from '@eigenloom/errors';
import { type MergeStatistic, SafetensorsFile } from '@eigenloom/numeric';

import type { MergePlan } from '../plan/planned.js';
import { maskBytes, RESCALER } from '../run/mask-files.js';
import { definePreparer } from './preparation.js';

/** Opens the mask of a task. Errors: those of the file; `MASK_DIFFERS` naming a tensor that it does not fit. */
export const taskMaskPreparer = definePreparer({
  case: 'taskMask',
  data: ({ maskUri }) => [{ field: 'task_mask.mask_uri', role: 'mask', ref: { uri: maskUri } }],
  async prepare(_parameters, plan, paths, { signal }) {
    const file = await SafetensorsFile.open(paths.get('mask') ?? '', { signal });
    const [rescaler = NaN] = await rescalerOf(file, signal);
    if (!Number.isFinite(rescaler)) {
      throw incompatible('MASK_DIFFERS', `${file.file}: the rescaler is not a finite number`);
    }
    return {
      statistics: masksOf(file, plan),
      weights: new Map(
        plan.tensors.map(({ name, sources }) => [
          name,
          sources.map(({ parameters }) => parameters.weight * rescaler),
        ]),
      ),
      lines: [`The mask keeps the elements of one task; its vector is scaled by ${rescaler.toPrecision(6)}.`],
      response: {},
    };
  },
});

async function rescalerOf(file: SafetensorsFile, signal: AbortSignal): Promise<Float64Array> {
  if (!file.tensors.has(RESCALER)) {
    throw incompatible('MASK_DIFFERS', `${file.file}: not a file of masks, it has no ${RESCALER}`);
  }
  return file.read(RESCALER, 'f64', { signal });
}

function masksOf(file: SafetensorsFile, { tensors }: MergePlan): Map<string, readonly MergeStatistic[]> {
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
