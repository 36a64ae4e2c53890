import { foldOf as foldPair } from '../lora/fold.js';
import type { LoraSettings } from '../lora/spec.js';
import type { FoldRule } from '../parametrisation.js';
import { type DoraPart, rowNorms } from './spec.js';

/** m·(W + s·B·A)/‖W + s·B·A‖ by rows; a row of zeros stays one. */
export const foldOf = (settings: LoraSettings): FoldRule<DoraPart> => ({
  async weight(site, weight, tensors) {
    const [rows = 0, columns = 0] = site.shape;
    const sum = await foldPair(settings).weight(site, weight, tensors);
    const norms = rowNorms(sum, rows, columns);
    const scales = tensors('lora_magnitude_vector').map((m, row) =>
      norms[row] === 0 ? 0 : m / (norms[row] ?? 1),
    );
    return sum.map((value, i) => value * (scales[Math.floor(i / columns)] ?? 0));
  },
});
