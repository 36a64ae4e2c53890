import { foldLowRank } from '@eigenloom/numeric';

import type { FoldRule } from '../parametrisation.js';
import { type LoraSettings, type PairPart, scalingAt } from './spec.js';

/** W + s·B·A. */
export const foldOf = (settings: LoraSettings): FoldRule<PairPart> => ({
  weight({ name, shape: [rows = 0, columns = 0] }, weight, tensors) {
    const [a, b] = [tensors('lora_A'), tensors('lora_B')];
    const pair = { a, b, rank: a.length / columns, scale: scalingAt(settings, name) };
    return foldLowRank(name, weight, { rows, columns }, pair);
  },
});
