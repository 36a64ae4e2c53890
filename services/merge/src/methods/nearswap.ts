import type { merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { modelMethod } from '../prepare/model-method.js';
import { checkNotNegative } from '../steps/check-number.js';

const MERGEKIT_SMALLEST = 1e-6;

/**
 * NearSwap: θ₀ + w·(θ₁ − θ₀) with w = min(1, t/|θ₁ − θ₀|) at each element, so the base moves towards the model by at most t. From the
 * card of alchemonaut/QuartetAnemoi-70B-t0.0001.
 */
export const nearswap = modelMethod<merge.NearswapMerge>({
  summary: 'Moves the base towards one model by at most t',
  paper: 'https://huggingface.co/alchemonaut/QuartetAnemoi-70B-t0.0001',
  deviations: '',
  inMergekitMode: 'Differences below 1e-6 count as that in w.',
  inputs: { base: 'required', minModels: 1, maxModels: 1 },
  symmetric: true,
  create({ t }, field) {
    if (t === undefined) throw invalidInput('FIELD_MISSING', `${field}.t`, 'how far may an element move?');
    checkNotNegative(t, `${field}.t`);
    return {
      mergeTensor: ({ models, mode }) => [
        { step: 'delta' },
        { step: 'clip', limit: t, smallest: mode === 'mergekit' ? MERGEKIT_SMALLEST : 0 },
        { step: 'sum', divisor: 'one', weights: models.map(() => 1) },
        { step: 'add_base' },
      ],
    };
  },
});
