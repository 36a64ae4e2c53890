import { toPlainLora } from '@eigenloom/checkpoint';

import type { FactorValues } from '../parametrisation.js';
import { factorsOf, pairsOf } from './peft.js';
import type { LoraSettings } from './spec.js';

/** A' = [A; A₀], B' = [B, −B₀]: what the pairs became less what they were, for the weights before a start took s·B₀·A₀ out of them. */
export function rebasePairs(
  settings: LoraSettings,
  trained: readonly FactorValues[],
  start: readonly FactorValues[],
): { readonly settings: LoraSettings; readonly factors: readonly FactorValues[] } {
  const terms = { ...settings, rankPattern: {}, alphaPattern: {}, initLoraWeights: true };
  const plain = toPlainLora(
    { modules: pairsOf(settings, trained), settings: terms },
    { modules: pairsOf(settings, start) },
  );
  return { settings: { ...plain.settings, modules: plain.modules }, factors: factorsOf(plain.modules) };
}
