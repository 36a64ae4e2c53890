import { incompatible } from '@eigenloom/errors';
import { SafetensorsFile } from '@eigenloom/numeric';

import { masksByTensor, RESCALER } from '../plan/mask-files.js';
import type { Preparer } from '../plan/preparation.js';

/** Opens the mask of a task. Errors: those of the file; `MASK_DIFFERS` naming a tensor that it does not fit. */
export const taskMaskPreparer = (maskUri: string, method: string): Preparer => ({
  data: () => [{ field: `${method}.mask_uri`, role: 'mask', uri: maskUri }],
  async prepare(plan, paths, { signal }) {
    const file = await SafetensorsFile.open(paths.get('mask') ?? '', { signal });
    const [rescaler = NaN] = await rescalerOf(file, signal);
    if (!Number.isFinite(rescaler)) {
      throw incompatible('MASK_DIFFERS', `${file.file}: the rescaler is not a finite number`);
    }
    return {
      statistics: masksByTensor(file, plan),
      weights: new Map(
        plan.tensors.map(({ name, sources }) => [
          name,
          sources.map(({ parameters }) => parameters.weight * rescaler),
        ]),
      ),
      lines: [`The mask keeps the elements of one task; its vector is scaled by ${rescaler.toPrecision(6)}.`],
    };
  },
});

async function rescalerOf(file: SafetensorsFile, signal: AbortSignal): Promise<Float64Array> {
  if (!file.tensors.has(RESCALER)) {
    throw incompatible('MASK_DIFFERS', `${file.file}: not a file of masks, it has no ${RESCALER}`);
  }
  return file.read(RESCALER, 'f64', { signal });
}
