import { invalidInput } from '@eigenloom/errors';

import { defineMergeMethod } from './method.js';

/**
 * Exponential moving average over a sequence of models: θ ← αθ + (1 − α)θᵢ, from θ = θ₁. The momentum update that accumulates an
 * online module into an offline one in LAE, Gao et al. 2023, arXiv:2303.10070, here of whole models. Deviation: LAE updates at each
 * step of training, this once for each model given. Checked: its formula.
 */
export const ema = defineMergeMethod({
  case: 'ema',
  id: 'ema',
  summary: 'Exponential moving average over models in their order',
  paper: 'arXiv:2303.10070',
  inputs: { base: 'optional', minModels: 1 },
  symmetric: false,
  check({ decay }, models) {
    checkDecay(decay, 'ema.decay');
    checkUnweighted(models, 'an exponential moving average');
  },
  mergeTensor({ models }, { decay = 0 }) {
    const weights = emaWeights(models.length, decay);
    return [
      { step: 'weigh', weights },
      { step: 'sum', divisor: 'one', weights },
    ];
  },
});

/**
 * Share of each of n members in the average, in order; they add up to 1.
 */
export const emaWeights = (n: number, decay: number): number[] =>
  Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 1 - decay) * decay ** (n - 1 - i));

/** Throws unless there is a decay from 0 to below 1. */
export function checkDecay(decay: number | undefined, field: string): void {
  if (decay === undefined) throw invalidInput('FIELD_MISSING', field, 'is needed');
  if (!(decay >= 0 && decay < 1))
    throw invalidInput('OUT_OF_RANGE', field, `${decay} is not from 0 to below 1`);
}

/** Throws where a model has a weight of its own, which the method named would ignore. */
export function checkUnweighted(models: readonly { readonly weight: number }[], what: string): void {
  if (models.some(({ weight }) => weight !== 1)) {
    throw invalidInput('OUT_OF_RANGE', 'models.weight', `${what} has no use for weights`);
  }
}
