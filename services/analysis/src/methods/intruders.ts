import { invalidInput } from '@eigenloom/errors';
import { type Matrix, compareSingularVectors } from '@eigenloom/numeric';
import { transpose } from '../weights/transpose.js';
import { sizeOf, type Weight } from '../weights/weight.js';
import type { AnalysisMethod } from './method.js';

/** The values of the paper's main experiments. */
const DEFAULT_K = 10;
const DEFAULT_EPSILON = 0.5;

/** A kernel (out, in, …) is taken as the matrix out × in·positions, which is how an adapter sees it. */
const width = ({ columns, positions }: Weight): number => columns * positions;

const outputs = ({ rows, columns, transposed }: Weight): number => (transposed === true ? columns : rows);

/**
 * Intruder dimensions: leading left singular vectors of the tuned weight whose cosines to all left singular vectors of the base are
 * below ε. Shuttleworth et al. 2024, arXiv:2410.21228, Definition 1 and Algorithm 1.
 */
export const intruders: AnalysisMethod<'intruders'> = {
  id: 'intruders',
  summary: "Leading singular vectors of the tuned weights that resemble none of the base's",
  paper: 'arXiv:2410.21228',
  resultFile: 'intruders.json',
  needsBase: true,
  check({ epsilon }) {
    if (epsilon !== undefined && !(epsilon > 0 && epsilon <= 1)) {
      throw invalidInput('OUT_OF_RANGE', 'intruders.epsilon', `${epsilon} is not above 0 and at most 1`);
    }
  },
  reasonToSkip: (weight) =>
    outputs(weight) === 1 ? 'has one row, so its only left singular vector is 1' : undefined,
  operations: (weight) => 14 * sizeOf(weight) * Math.min(weight.rows, width(weight)),
  workingBytes: (weight) => 8 * 8 * sizeOf(weight),
  async analyse(weight, { tuned, base }, parameters, options) {
    const k = parameters.k === 0 ? DEFAULT_K : parameters.k;
    const epsilon = parameters.epsilon ?? DEFAULT_EPSILON;
    const [rows, columns] = weight.transposed ? [weight.columns, weight.rows] : [weight.rows, width(weight)];
    // The vectors of the output side are the left ones of W (out × in), whichever way it is stored.
    const matrix = async (values: Float64Array): Promise<Matrix<Float64Array>> => {
      const data = weight.transposed ? await transpose(values, columns, rows, options.signal) : values;
      return { rows, columns, data };
    };
    const compared = await compareSingularVectors(
      await matrix(tuned),
      await matrix(base ?? new Float64Array(tuned.length)),
      k,
      options,
    );
    // Rounding may leave a cosine a little above 1, which has no angle.
    const cosines = Array.from(compared.maxCosines, (cosine) => Math.min(1, cosine));
    const found = cosines.flatMap((cosine, index) => (cosine < epsilon ? [index] : []));
    return {
      row: {
        N: Math.max(rows, columns),
        M: Math.min(rows, columns),
        k: cosines.length,
        epsilon,
        max_cosine: cosines,
        intruders: found,
        effective_rank: compared.effectiveRank,
        stable_rank: compared.stableRank,
        base_effective_rank: compared.baseEffectiveRank,
        base_stable_rank: compared.baseStableRank,
        delta_effective_rank: compared.deltaEffectiveRank,
        delta_stable_rank: compared.deltaStableRank,
      },
      intruders: found.length,
    };
  },
};
