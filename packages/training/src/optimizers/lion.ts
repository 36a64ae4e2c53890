import type { Definition, ParametersOf } from '@eigenloom/contracts';
import { tf } from '@eigenloom/engine';
import type { OptimizerChoice } from '../choice.js';
import type { OptimizerRule } from './optimizer-rule.js';
import { BELOW_1, within } from './within.js';

interface LionSettings {
  readonly beta1: number;
  readonly beta2: number;
}

/**
 * Lion. Chen et al. 2023, arXiv:2302.06675, Algorithm 2: c = β₁m + (1 − β₁)g; x ← x − rate · (sign(c) + decay · x); m ← β₂m + (1 − β₂)g.
 * The momentum m has the parameter's shape and is all the state there is.
 */
function lionRule({ beta1, beta2 }: LionSettings): OptimizerRule {
  return {
    name: 'Lion',
    settings: `β ${beta1} and ${beta2}`,
    // A sign is larger than most updates of AdamW, so the paper takes a third to a tenth of its rate. This is a fifth.
    defaultRate: (trained) => (trained === 'full' ? 4e-6 : 2e-4),
    slots: ({ shape }) => [{ name: 'm', shape, dtype: 'float32' }],
    update({ variable, gradient, slots }, { rate, weightDecay, gradientScale }) {
      tf.tidy(() => {
        const m = slots.tensor('m');
        const g = tf.mul(gradient, gradientScale);
        const c = tf.add(tf.mul(m, beta1), tf.mul(g, 1 - beta1));
        const kept = tf.mul(variable, 1 - rate * weightDecay);
        variable.assign(tf.sub(kept, tf.mul(tf.sign(c), rate)));
        m.assign(tf.add(tf.mul(m, beta2), tf.mul(g, 1 - beta2)));
      });
    },
  };
}

export const lion: Definition<ParametersOf<OptimizerChoice, 'lion'>, OptimizerRule> = {
  summary: 'Steps of one size along the sign of a momentum, which is half the state of AdamW',
  paper: 'arXiv:2302.06675',
  deviations:
    'Vectors, such as biases and norms, do not decay. The weight decay where a request sets none is that of AdamW; the paper takes three to ten times as much.',
  create: ({ beta1, beta2 }, field) =>
    lionRule({
      beta1: within(`${field}.beta1`, beta1 ?? 0.9, 0, BELOW_1),
      beta2: within(`${field}.beta2`, beta2 ?? 0.99, 0, BELOW_1),
    }),
};
