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
    for (const [row, m] of tensors('lora_magnitude_vector').entries()) {
      const scale = norms[row] === 0 ? 0 : m / (norms[row] ?? 1);
      for (let i = row * columns; i < (row + 1) * columns; i += 1) sum[i] = (sum[i] ?? 0) * scale;
    }
    return sum;
  },
});
