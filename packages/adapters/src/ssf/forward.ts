import { tf } from '@eigenloom/engine';

import type { Hooks, TensorsOf } from '../parametrisation.js';
import type { SsfPart } from './spec.js';

/** γ∘y + β. arXiv:2210.08823, equation 3. */
const modulate = (y: tf.Tensor2D, tensors: TensorsOf<SsfPart, tf.Tensor>): tf.Tensor2D =>
  tf.add<tf.Tensor2D>(tf.mul(y, tensors('ssf_scale')), tensors('ssf_shift'));

export const HOOKS: Hooks<SsfPart> = {
  linear:
    (_site, tensors) =>
    (_x, { y }) =>
      modulate(y, tensors),
  norm: (_site, tensors) => (y) => modulate(y, tensors),
};
