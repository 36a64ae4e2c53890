import { invalidInput } from '@eigenloom/errors';
import { type CallOptions, type SingularVectors, randomizedSvd, svd } from '@eigenloom/numeric';
import type { LayerMethod, PairSettings, ParametersOf, Target } from './method.js';

/** Halko et al. recommend 5 to 10. */
const DEFAULT_OVERSAMPLING = 10;
const MOST_POWER_ITERATIONS = 100;

/**
 * PiSSA. Meng et al. 2024, arXiv:2404.02948, equations 2-4, with the scale s of the pair divided out: W ≈ U_r·S_r·V_rᵀ,
 * A = √(S_r/s)·V_rᵀ, B = U_r·√(S_r/s), and the base becomes W − s·B·A. Deviations: the randomised decomposition has oversampling and a
 * seed; signs are chosen so that the largest element of each row of A is positive, so that a start is reproducible.
 */
export const pissa: LayerMethod<'pissa'> = {
  id: 'pissa',
  summary: 'The leading singular triplets of the weight; the rest stays in the base',
  paper: 'arXiv:2404.02948',
  scope: 'layer',
  changesBase: true,
  needsWeight: true,
  check({ powerIterations }) {
    if (powerIterations > MOST_POWER_ITERATIONS) {
      throw invalidInput(
        'OUT_OF_RANGE',
        'pissa.power_iterations',
        `${powerIterations} is above ${MOST_POWER_ITERATIONS}`,
      );
    }
  },
  operations({ rows, columns }, rank, { powerIterations, oversampling = DEFAULT_OVERSAMPLING }) {
    if (powerIterations === 0) return 6 * rows * columns * Math.min(rows, columns);
    return 8 * rows * columns * (rank + oversampling) * (powerIterations + 1);
  },
  async start(target, weight, settings, parameters, options) {
    const { u, s, vt } = await leadingTriplets(target, weight, settings, parameters, options);
    const { rank, alpha, scaling } = settings;
    const { rows, columns } = target;
    const a = new Float32Array(rank * columns);
    const b = new Float32Array(rows * rank);
    for (let k = 0; k < rank; k += 1) {
      const right = vt.data.subarray(k * columns, (k + 1) * columns);
      const root = Math.sqrt((s[k] ?? 0) / scaling) * signOfLargest(right);
      for (let j = 0; j < columns; j += 1) a[k * columns + j] = root * (right[j] ?? 0);
      for (let i = 0; i < rows; i += 1) b[i * rank + k] = root * (u.data[i * u.columns + k] ?? 0);
    }
    return { a, b, rank, alpha };
  },
};

async function leadingTriplets(
  { rows, columns }: Target,
  data: Float64Array,
  { rank, seed }: PairSettings,
  { powerIterations, oversampling = DEFAULT_OVERSAMPLING }: ParametersOf<'pissa'>,
  options: CallOptions,
): Promise<SingularVectors<Float64Array>> {
  const weight = { rows, columns, data };
  if (powerIterations === 0) return svd(weight, { vectors: 'thin' }, options);
  return randomizedSvd(weight, { rank, oversampling, powerIterations, seed }, options);
}

/** Sign of the element with the largest magnitude, the first of equals; 1 for zeros. */
function signOfLargest(values: Float64Array): number {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(largest)) largest = value;
  return largest < 0 ? -1 : 1;
}
