import type { adapters } from '@eigenloom/contracts';

import type { AdapterDefinition } from '../definition.js';
import { rebasePairs } from '../lora/rebase.js';
import { type LoraSettings, settingsOf } from '../lora/spec.js';
import type { FactorValues, Parametrisation } from '../parametrisation.js';
import { readFiles } from '../read-files.js';
import { foldOf } from './fold.js';
import { hooksOf } from './forward.js';
import { configOf, DORA_FORMAT, settingsFrom } from './peft.js';
import { type DoraPart, tensorsOf } from './spec.js';

const bound = (settings: LoraSettings): Parametrisation<DoraPart> => ({
  format: DORA_FORMAT,
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
    // Both sums are the same matrix, and so are its norms.
    const magnitudes = trained.filter(({ part }) => part === ('lora_magnitude_vector' satisfies DoraPart));
    const factors: readonly FactorValues[] = [...rebased.factors, ...magnitudes];
    return { parametrisation: bound(rebased.settings), factors };
  },
});

/** DoRA: y = m·(W + s·B·A)/‖W + s·B·A‖·x. */
export const dora: AdapterDefinition<adapters.Dora, DoraPart> = {
  summary: 'Magnitudes beside a low-rank pair that changes the direction: m·(W + s·B·A)/‖W + s·B·A‖',
  paper: 'arXiv:2402.09353',
  deviations:
    'The norm counts as a constant in the gradient, as section 4.3 proposes and PEFT does. Dropout changes all that the adapter adds to W·x, as in PEFT.',
  format: DORA_FORMAT,
  create: (parameters, field) => bound(settingsOf(parameters, field)),
  read: readFiles(DORA_FORMAT, (raw, factors) => bound(settingsFrom(raw, factors))),
};
