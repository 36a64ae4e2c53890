import { tf } from '@eigenloom/engine';
import type { OptimizerRule } from './optimizer-rule.js';

/** Plain gradient descent, x ← x − rate · (g + decay · x): no state. For searches; no request chooses it. */
export const gradientDescent: OptimizerRule = {
  name: 'gradient descent',
  settings: 'no state',
  defaultRate: () => 0.1,
  slots: () => [],
  update({ variable, gradient }, { rate, weightDecay, gradientScale }) {
    tf.tidy(() => {
      const kept = weightDecay === 0 ? variable : tf.mul(variable, 1 - rate * weightDecay);
      variable.assign(tf.sub(kept, tf.mul(gradient, rate * gradientScale)));
    });
  },
};
