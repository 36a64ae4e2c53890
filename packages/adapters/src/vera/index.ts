import type { adapters } from '@eigenloom/contracts';

import type { AdapterDefinition } from '../definition.js';
import type { Parametrisation } from '../parametrisation.js';
import { readFiles } from '../read-files.js';
import { foldOf } from './fold.js';
import { hooksOf } from './forward.js';
import { configOf, settingsFrom, VERA_FORMAT } from './peft.js';
import { settingsOf, tensorsOf, type VeraPart, type VeraSettings } from './spec.js';

const bound = (settings: VeraSettings): Parametrisation<VeraPart> => ({
  format: VERA_FORMAT,
  at: ['linear'],
  neutral: true,
  tensors: (sites) => tensorsOf(settings, sites),
  hooks: hooksOf(settings),
  fold: foldOf(settings),
  config: (context) => configOf(settings, context),
  dropout: settings.dropout,
  withDropout: (dropout) => bound({ ...settings, dropout }),
});

/** VeRA: y = (W + diag(b)·B·diag(d)·A)·x. */
export const vera: AdapterDefinition<adapters.Vera, VeraPart> = {
  summary:
    'Two vectors for each linear module, between random matrices that all share: W + diag(b)·B·diag(d)·A',
  paper: 'arXiv:2310.11454',
  deviations:
    'Modules of different shapes share one pair of matrices and take its upper left corner, as in PEFT. The matrices are stored with the adapter, for the random numbers of other programs differ.',
  format: VERA_FORMAT,
  create: (parameters, field) => bound(settingsOf(parameters, field)),
  read: readFiles(VERA_FORMAT, (raw) => bound(settingsFrom(raw))),
};
