import { linear, tf } from '@eigenloom/engine';
import { type HookContext } from '@eigenloom/models';
import { dropoutMask } from '@eigenloom/numeric';

import type { Hooks } from '../parametrisation.js';
import { type LoraSettings, type PairPart, scalingAt } from './spec.js';

/** y + s·(x·Aᵀ)·Bᵀ. arXiv:2106.09685, equation 3; dropout of x while training, as in the authors' program. */
export const hooksOf = (settings: LoraSettings): Hooks<PairPart> => ({
  linear: (site, tensors) => {
    const scaling = scalingAt(settings, site.name);
    const a = tensors('lora_A') as tf.Tensor2D;
    const b = tensors('lora_B') as tf.Tensor2D;
    return (x, { y }, context) => {
      const low = linear(drop(x, settings.dropout, site.path, context), a);
      const scaled = scaling === 1 ? low : tf.mul(low, scaling);
      return linear(scaled, b, undefined, y) as tf.Tensor2D;
    };
  },
});

/** x with a share of its values dropped while training; x itself otherwise. */
export function drop(x: tf.Tensor2D, rate: number, path: string, { training }: HookContext): tf.Tensor2D {
  if (training === undefined || rate === 0) return x;
  return tf.mul<tf.Tensor2D>(x, tf.tensor2d(dropoutMask(training.key(path), x.size, rate), x.shape));
}
