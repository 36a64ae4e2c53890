import type { Definition, init } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import { type CallOptions, type SingularVectors, randomizedSvd, svd } from '@eigenloom/numeric';
import { startByModule } from '../start-by-module.js';
import type { PairSettings, Target, Start } from '../start.js';

/** Halko et al. recommend 5 to 10. */
const DEFAULT_OVERSAMPLING = 10;
const MAX_POWER_ITERATIONS = 100;

interface Decomposition {
  /** Undefined: exact. */
  readonly powerIterations: number | undefined;
  readonly oversampling: number;
}

/**
 * PiSSA. Meng et al. 2024, arXiv:2404.02948, equations 2-4, with the scale s of the pair divided out: W ≈ U_r·S_r·V_rᵀ,
 * A = √(S_r/s)·V_rᵀ, B = U_r·√(S_r/s), and the base becomes W − s·B·A.
 */
export const pissa: Definition<init.PissaStart, Start> = {
  summary: 'The leading singular triplets of the weight; the rest stays in the base',
  paper: 'arXiv:2404.02948',
  deviations:
    'The randomised decomposition has oversampling and a seed; signs are chosen so that the largest element of each row of A is positive, so that a start is reproducible.',
  create({ powerIterations, oversampling = DEFAULT_OVERSAMPLING }, field) {
    if ((powerIterations ?? 0) > MAX_POWER_ITERATIONS) {
      const why = `${String(powerIterations)} is above ${MAX_POWER_ITERATIONS}`;
      throw invalidInput('OUT_OF_RANGE', `${field}.power_iterations`, why);
    }
    return startByModule({
      changesBase: true,
      needsWeight: true,
      operations({ rows, columns }, rank) {
        if (powerIterations === undefined) return 6 * rows * columns * Math.min(rows, columns);
        return 8 * rows * columns * (rank + oversampling) * (powerIterations + 1);
      },
      async start(target, weight, settings, options) {
        const decomposition = { powerIterations, oversampling };
        const { u, s, vt } = await leadingTriplets(target, weight, settings, decomposition, options);
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
    });
  },
};

async function leadingTriplets(
  { rows, columns }: Target,
  data: Float64Array,
  { rank, seed }: PairSettings,
  { powerIterations, oversampling }: Decomposition,
  options: CallOptions,
): Promise<SingularVectors<Float64Array>> {
  const weight = { rows, columns, data };
  if (powerIterations === undefined) return svd(weight, { vectors: 'thin' }, options);
  return randomizedSvd(weight, { rank, oversampling, powerIterations, seed }, options);
}

/** Sign of the element with the largest magnitude, the first of equals; 1 for zeros. */
function signOfLargest(values: Float64Array): number {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(largest)) largest = value;
  return largest < 0 ? -1 : 1;
}
