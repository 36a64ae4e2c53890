import type { merge } from '@eigenloom/contracts';

import { modelMethod } from '../prepare/model-method.js';
import { checkFinite } from '../steps/check-number.js';
import { NEARLY_PARALLEL } from '../steps/nearly-parallel.js';

const MERGEKIT_NEARLY_PARALLEL = 0.9995;

/**
 * Spherical linear interpolation from the first model to the second: sin((1−t)θ)/sin θ · θ₁ + sin(tθ)/sin θ · θ₂ on the whole tensor as
 * one vector, θ the angle between the two. Shoemake 1985, doi:10.1145/325334.325242.
 */
export const slerp = modelMethod<merge.SlerpMerge>({
  summary: 'Along the great circle from the first model to the second',
  paper: 'doi:10.1145/325334.325242',
  deviations:
    'The vectors keep their norms, as in mergekit; vectors that are opposite are interpolated linearly, ' +
    'and a zero vector is perpendicular to all.',
  inMergekitMode: 'Linear where |cos θ| > 0.9995. Its base_model is the first of the two models here.',
  inputs: { base: 'optional', minModels: 2, maxModels: 2 },
  symmetric: false,
  create({ t = 0.5 }, field) {
    checkFinite(t, `${field}.t`);
    return {
      mergeTensor: ({ mode }) => [
        {
          step: 'combine',
          rule: {
            name: 'slerp',
            t,
            linear_above: mode === 'mergekit' ? MERGEKIT_NEARLY_PARALLEL : NEARLY_PARALLEL,
          },
          along: 'tensor',
        },
      ],
    };
  },
});
