import { invalidInput } from '@eigenloom/errors';

import { checkNotNegative } from './check-number.js';
import { defineMergeMethod } from './method.js';

const MERGEKIT_SMALLEST = 1e-6;

/**
 * NearSwap: θ₀ + w·(θ₁ − θ₀) with w = min(1, t/|θ₁ − θ₀|) at each element, so the base moves towards the model by at most t. From the card of
 * alchemonaut/QuartetAnemoi-70B-t0.0001. Deviations: none. mergekit: differences below 1e-6 count as that in w.
 */
export const nearswap = defineMergeMethod({
  case: 'nearswap',
  id: 'nearswap',
  summary: 'Moves the base towards one model by at most t',
  paper: 'https://huggingface.co/alchemonaut/QuartetAnemoi-70B-t0.0001',
  inputs: { base: 'required', minModels: 1, maxModels: 1 },
  symmetric: true,
  check({ t }) {
    if (t === undefined) throw invalidInput('FIELD_MISSING', 'nearswap.t', 'how far may an element move?');
    checkNotNegative(t, 'nearswap.t');
  },
  mergeTensor: ({ models, mode }, { t = 0 }) => [
    { step: 'delta' },
    { step: 'clip', limit: t, smallest: mode === 'mergekit' ? MERGEKIT_SMALLEST : 0 },
    { step: 'sum', divisor: 'one', weights: models.map(() => 1) },
    { step: 'add_base' },
  ],
});
