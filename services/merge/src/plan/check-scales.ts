import { incompatible } from '@eigenloom/errors';

import type { PlannedInput } from './planned.js';

/** What quantized checkpoints call the scales of a weight: DeepSeek's blocks, and those of compressed-tensors. */
const SCALE_SUFFIXES = ['_scale_inv', '_scale'];

/**
 * Eight-bit weights whose values are to be multiplied by scales stored beside them: merged as they are, the result would be wrong
 * without a word. Errors: `SCALED_WEIGHTS`, naming the tensor.
 */
export function checkScales(inputs: readonly PlannedInput[]): void {
  for (const { model, label } of inputs) {
    for (const { name, dtype } of model.tensors.values()) {
      if (!dtype.startsWith('F8_') && dtype !== 'I8' && dtype !== 'U8') continue;
      const scale = SCALE_SUFFIXES.map((suffix) => name + suffix).find((each) => model.tensors.has(each));
      if (scale === undefined) continue;
      const [tensor, by] = [name, scale].map((each) => JSON.stringify(each.slice(0, 120)));
      throw incompatible(
        'SCALED_WEIGHTS',
        `${label}: tensor ${tensor ?? ''} is to be multiplied by ${by ?? ''}; dequantize the model first`,
        { details: { tensor: name.slice(0, 120), scale: scale.slice(0, 120), input: label } },
      );
    }
  }
}
