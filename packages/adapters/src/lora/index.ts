import { LORA_FORMAT, LORA_KIND, type LoraPart, readAdapter } from '@eigenloom/checkpoint';
import type { adapters } from '@eigenloom/contracts';

import type { AdapterDefinition } from '../definition.js';
import type { Parametrisation } from '../parametrisation.js';
import { foldOf } from './fold.js';
import { hooksOf } from './forward.js';
import { configOf, factorsOf, settingsFrom } from './peft.js';
import { rebasePairs } from './rebase.js';
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
  dropout: settings.dropout,
  withDropout: (dropout) => bound({ ...settings, dropout }),
  withRanks: (modules) => bound({ ...settings, modules }),
  rebase: (trained, start) => {
    const rebased = rebasePairs(settings, trained, start);
    return { parametrisation: bound(rebased.settings), factors: rebased.factors };
  },
});

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
