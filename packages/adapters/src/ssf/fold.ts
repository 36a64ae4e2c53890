import type { FoldRule } from '../parametrisation.js';
import type { SsfPart } from './spec.js';

/** γ∘W by rows, and γ∘b + β. arXiv:2210.08823, equation 4. */
export const FOLD: FoldRule<SsfPart> = {
  weight({ shape: [, columns = 1] }, weight, tensors) {
    const scale = tensors('ssf_scale');
    return weight.map((value, i) => value * (scale[Math.floor(i / columns)] ?? NaN));
  },
  bias(_site, bias, tensors) {
    const [scale, shift] = [tensors('ssf_scale'), tensors('ssf_shift')];
    return bias.map((value, i) => value * (scale[i] ?? NaN) + (shift[i] ?? NaN));
  },
};
