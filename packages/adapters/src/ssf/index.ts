import type { adapters } from '@eigenloom/contracts';

import type { AdapterDefinition } from '../definition.js';
import type { Parametrisation } from '../parametrisation.js';
import { readFiles } from '../read-files.js';
import { FOLD } from './fold.js';
import { HOOKS } from './forward.js';
import { SSF_FORMAT } from './peft.js';
import { PLACES, type SsfPart, tensorsOf } from './spec.js';

const SSF: Parametrisation<SsfPart> = {
  format: SSF_FORMAT,
  at: PLACES,
  neutral: true,
  tensors: tensorsOf,
  hooks: HOOKS,
  fold: FOLD,
  config: () => ({}),
};

/** SSF: γ∘y + β behind a module. */
export const ssf: AdapterDefinition<adapters.Ssf, SsfPart> = {
  summary: 'A scale and a shift behind each linear module and norm: γ∘y + β',
  paper: 'arXiv:2210.08823',
  deviations:
    'Scales start at 1 and shifts at 0, so that the model is unchanged; the authors’ program draws them around these. Nothing stands behind embeddings and patches. PEFT has no SSF, so it cannot load one.',
  format: SSF_FORMAT,
  create: () => SSF,
  read: readFiles(SSF_FORMAT, () => SSF),
};
