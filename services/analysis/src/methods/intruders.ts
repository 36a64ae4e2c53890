import type { analysis, Definition } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import { type CallOptions, type Matrix, compareSingularVectors } from '@eigenloom/numeric';
import type { Study } from '../study.js';
import { studyWeights } from '../weights/study-weights.js';
import { transpose } from '../weights/transpose.js';
import { sizeOf, type Weight } from '../weights/weight.js';
import { nameOf, type Row, type Values, type WeightStudy } from '../weights/weight-study.js';

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
export const intruders: Definition<analysis.IntruderDimensions, Study> = {
  summary: "Leading singular vectors of the tuned weights that resemble none of the base's",
  paper: 'arXiv:2410.21228',
  deviations: '',
  create({ model, base, tensors, k = DEFAULT_K, epsilon = DEFAULT_EPSILON }, field) {
    if (k === 0) throw invalidInput('OUT_OF_RANGE', `${field}.k`, '0 is below 1');
    if (!(epsilon > 0 && epsilon <= 1)) {
      throw invalidInput('OUT_OF_RANGE', `${field}.epsilon`, `${epsilon} is not above 0 and at most 1`);
    }
    const study: WeightStudy = {
      title: 'Intruder dimensions',
      needsBase: true,
      columns: COLUMNS.map((name) => ({ name })),
      reasonToSkip: (weight) =>
        outputs(weight) === 1 ? 'has one row, so its only left singular vector is 1' : undefined,
      operations: (weight) => 14 * sizeOf(weight) * Math.min(weight.rows, width(weight)),
      workingBytes: (weight) => 8 * 8 * sizeOf(weight),
      analyse: async (weight, values, options) => ({ row: await rowOf(weight, values, k, epsilon, options) }),
      metrics: (rows) => ({ intruders: rows.reduce((sum, row) => sum + countOf(row), 0) }),
      charts: (rows) => [
        {
          id: 'intruders',
          title: 'Intruder dimensions by tensor',
          x: { label: 'tensor' },
          y: { label: `of the ${k} leading left singular vectors` },
          series: [{ name: 'intruders', mark: 'bars', x: rows.map(nameOf), y: rows.map(countOf) }],
        },
      ],
    };
    return studyWeights(study, { model, base, tensors }, field);
  },
};

const COLUMNS = [
  ...['longname', 'slice', 'intruders', 'max_cosine', 'effective_rank', 'stable_rank'],
  ...['base_effective_rank', 'base_stable_rank', 'delta_effective_rank', 'delta_stable_rank'],
  ...['N', 'M', 'k', 'epsilon'],
];

const countOf = ({ intruders: found }: Row): number => (Array.isArray(found) ? found.length : 0);

async function rowOf(
  weight: Weight,
  { tuned, base }: Values,
  k: number,
  epsilon: number,
  options: CallOptions,
): Promise<Row> {
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
  return {
    N: Math.max(rows, columns),
    M: Math.min(rows, columns),
    k: cosines.length,
    epsilon,
    max_cosine: cosines,
    intruders: cosines.flatMap((cosine, index) => (cosine < epsilon ? [index] : [])),
    effective_rank: compared.effectiveRank,
    stable_rank: compared.stableRank,
    base_effective_rank: compared.baseEffectiveRank,
    base_stable_rank: compared.baseStableRank,
    delta_effective_rank: compared.deltaEffectiveRank,
    delta_stable_rank: compared.deltaStableRank,
  };
}
