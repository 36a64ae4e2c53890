import type { Definition, ParametersOf } from '@eigenloom/contracts';
import { adamUpdate } from '@eigenloom/engine';
import type { OptimizerChoice } from '../choice.js';
import type { OptimizerRule, SlotSpec } from './optimizer-rule.js';
import { BELOW_1, within } from './within.js';

export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** The authors' choice, and torch's. */
export const ADAMW_DEFAULTS: AdamWSettings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/**
 * AdamW. Loshchilov & Hutter 2017, arXiv:1711.05101, Algorithm 2, with Kingma & Ba's moments (arXiv:1412.6980, Algorithm 1): m, v of the
 * parameter's shape.
 */
export function adamwRule({ beta1, beta2, epsilon }: AdamWSettings = ADAMW_DEFAULTS): OptimizerRule {
  return {
    name: 'AdamW',
    settings: `β ${beta1} and ${beta2}, ε ${epsilon}`,
    defaultRate: (trained) => (trained === 'full' ? 2e-5 : 1e-3),
    slots: ({ shape }) => ['m', 'v'].map((name): SlotSpec => ({ name, shape, dtype: 'float32' })),
    update({ variable, gradient, slots }, { step, rate, weightDecay, gradientScale }) {
      const state = { parameter: variable, m: slots.tensor('m'), v: slots.tensor('v') };
      const options = { learningRate: rate, beta1, beta2, epsilon, weightDecay, gradientScale };
      adamUpdate(state, gradient, options, step);
    },
  };
}

export const adamw: Definition<ParametersOf<OptimizerChoice, 'adamw'>, OptimizerRule> = {
  summary: 'Steps along the mean gradient over the root of its mean square, with decay apart from both',
  paper: 'arXiv:1711.05101',
  deviations: 'Vectors, such as biases and norms, do not decay.',
  create: ({ beta1, beta2, epsilon }, field) =>
    adamwRule({
      beta1: within(`${field}.beta1`, beta1 ?? ADAMW_DEFAULTS.beta1, 0, BELOW_1),
      beta2: within(`${field}.beta2`, beta2 ?? ADAMW_DEFAULTS.beta2, 0, BELOW_1),
      epsilon: within(`${field}.epsilon`, epsilon ?? ADAMW_DEFAULTS.epsilon, Number.MIN_VALUE, 1),
    }),
};
