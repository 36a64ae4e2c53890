import { checkFinite } from './check-number.js';
import { defineMergeMethod } from './method.js';

/** Nearer to parallel the sines lose their digits, and linear interpolation differs by less than a rounding. */
export const NEARLY_PARALLEL = 1 - 1e-12;
const MERGEKIT_NEARLY_PARALLEL = 0.9995;

/**
 * Spherical linear interpolation from the first model to the second: sin((1−t)θ)/sin θ · θ₁ + sin(tθ)/sin θ · θ₂ on the whole tensor
 * as one vector, θ the angle between the two. Shoemake 1985, doi:10.1145/325334.325242.
 * Deviations: the vectors keep their norms, as in mergekit; vectors that are opposite are interpolated linearly,
 * and a zero vector is perpendicular to all.
 * mergekit: linear where |cos θ| > 0.9995. Its base_model is the first of the two models here.
 */
export const slerp = defineMergeMethod({
  case: 'slerp',
  id: 'slerp',
  summary: 'Along the great circle from the first model to the second',
  paper: 'doi:10.1145/325334.325242',
  inputs: { base: 'optional', minModels: 2, maxModels: 2 },
  symmetric: false,
  check({ t }) {
    checkFinite(t, 'slerp.t');
  },
  mergeTensor: ({ mode }, { t = 0.5 }) => [
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
});
