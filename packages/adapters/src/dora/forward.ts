import { tf } from '@eigenloom/engine';

import { drop } from '../lora/forward.js';
import { type LoraSettings, scalingAt } from '../lora/spec.js';
import type { Hooks } from '../parametrisation.js';
import type { DoraPart } from './spec.js';

/**
 * c∘(W·x + s·B·A·x) + b with c = m/‖W + s·B·A‖: arXiv:2402.09353, equation 5. The norm counts as a constant in the gradient (section 4.3).
 * While training with dropout, what is added to W·x + b is that of the dropped x, as PEFT has it: (c − 1)∘W·x + c∘s·B·A·x.
 */
export const hooksOf = (settings: LoraSettings): Hooks<DoraPart> => ({
  linear: (site, tensors) => {
    const scaling = scalingAt(settings, site.name);
    const a = tensors('lora_A') as tf.Tensor2D;
    const b = tensors('lora_B') as tf.Tensor2D;
    const m = tensors('lora_magnitude_vector') as tf.Tensor1D;
    return (x, { y, weight, bias }, context) => {
      const c = tf.mul(m, inverseNorms(weight, a, b, scaling));
      const dropped = drop(x, settings.dropout, site.path, context);
      const low = tf.matMul(tf.mul<tf.Tensor2D>(tf.matMul(dropped, a, false, true), scaling), b, false, true);
      if (dropped !== x) {
        const plain = tf.matMul(dropped, weight, false, true);
        return tf.add<tf.Tensor2D>(tf.sub(y, plain), tf.mul(tf.add(plain, low), c));
      }
      if (bias === undefined) return tf.mul<tf.Tensor2D>(tf.add(y, low), c);
      return tf.add<tf.Tensor2D>(tf.mul(tf.add(tf.sub(y, bias), low), c), bias);
    };
  },
});

/** 1/‖W + s·B·A‖ by rows, [out], 0 for a row of zeros. No gradient goes through it. */
const inverseNorms = (weight: tf.Tensor2D, a: tf.Tensor2D, b: tf.Tensor2D, scaling: number): tf.Tensor1D =>
  tf.customGrad(() => ({
    value: tf.divNoNan(1, tf.norm(tf.add(weight, tf.mul(tf.matMul(b, a), scaling)), 2, 1)),
    gradFunc: () => [],
  }))() as tf.Tensor1D;
