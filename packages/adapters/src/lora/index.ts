import { LORA_FORMAT, LORA_KIND, type LoraPart, readAdapter, toPlainLora } from '@eigenloom/checkpoint';

import type { adapters } from '@eigenloom/contracts';
import type { AdapterDefinition } from '../definition.js';
import type { FactorValues, Parametrisation, Rebased } from '../parametrisation.js';
import { foldOf } from './fold.js';
import { hooksOf } from './forward.js';
import { configOf, factorsOf, pairsOf, settingsFrom } from './peft.js';
import { type LoraSettings, settingsOf, tensorsOf } from './spec.js';

const bound = (settings: LoraSettings): Parametrisation<LoraPart> => ({
  format: LORA_FORMAT,
  at: ['linear'],
  neutral: true,
  pair: settings,
  tensors: (sites) => tensorsOf(settings, sites),
  hooks: hooksOf(settings),
  fold: foldOf(settings),
  config: (context) => configOf(settings, context),
  withDropout: (dropout) => bound({ ...settings, dropout }),
  withRanks: (modules) => bound({ ...settings, modules }),
  rebase: (trained, start) => rebased(settings, trained, start),
});

/** A' = [A; A₀], B' = [B, −B₀]: what the pair became less what it was. */
function rebased(
  settings: LoraSettings,
  trained: readonly FactorValues[],
  start: readonly FactorValues[],
): Rebased {
  const terms = { ...settings, rankPattern: {}, alphaPattern: {}, initLoraWeights: true };
  const plain = toPlainLora(
    { modules: pairsOf(settings, trained), settings: terms },
    { modules: pairsOf(settings, start) },
  );
  return {
    parametrisation: bound({ ...plain.settings, modules: plain.modules }),
    factors: factorsOf(plain.modules),
  };
}

/** LoRA: y = W·x + s·B·A·x. */
export const lora: AdapterDefinition<adapters.Lora, LoraPart> = {
  summary: 'A low-rank pair beside each linear module: W + s·B·A',
  paper: 'arXiv:2106.09685',
  deviations: '',
  format: LORA_FORMAT,
  foldingKind: LORA_KIND,
  create: (parameters, field) => bound(settingsOf(parameters, field)),
  async read(directory, options) {
    const { opened, ...adapter } = await readAdapter(directory, options);
    const { file, settings, savedTensors } = adapter;
    return {
      parametrisation: bound(settingsFrom(adapter)),
      modules: [...adapter.modules.keys()],
      factors: factorsOf(adapter.modules),
      ...{ settings, savedTensors, file, opened },
    };
  },
};
