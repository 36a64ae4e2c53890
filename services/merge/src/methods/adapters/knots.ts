import { merge } from '@eigenloom/contracts';
import { type CallOptions, type Matrix, type MergeStep, matmul, qr, svd } from '@eigenloom/numeric';

import {
  type Factors,
  type Member,
  type ModuleMembers,
  adapterMethod,
  totalRank,
} from '../../adapters/steps/adapter-method.js';
import { balancedFactors, productSvd, transpose } from '../../adapters/steps/product-svd.js';
import { joinColumns } from '../../adapters/steps/stack-factors.js';
import { checkFinite, checkPositive, checkShare } from '../../steps/check-number.js';

/** Singular values below this share of the largest are rounding and left out of the basis. */
const SMALLEST = 1e-12;

/**
 * KnOTS: the decomposition [ΔW₁ … ΔWₙ] = U[ΣV₁ᵀ … ΣVₙᵀ] aligns the adapters; the ΣVᵢᵀ are merged, and ΔW = U·merged. Stoica et al. 2024,
 * arXiv:2410.19735; the figure of the paper merges the Vᵢᵀ, the authors' program (gstoica27/KnOTS) the ΣVᵢᵀ, which is followed. With
 * ties: the int(ρn) largest of each ΣVᵢᵀ, the sign of their weighted sum, the mean of those that agree.
 */
export const adapterKnots = adapterMethod<merge.AdapterKnots>({
  summary: 'Adapters aligned by a common basis, then merged by signs or added',
  paper: 'arXiv:2410.19735',
  deviations:
    'By the factors, so that no ΔW is made; small directions are left out relative to the largest, not ' +
    "below 1e-5; ρ counts in the module, the program's in all of them; the weights are those of the " +
    'adapters, wᵢ, and the mean is divided by the number that agree, as theirs. With a rank the result is ' +
    'cut to it by its own SVD.',
  checked: 'Full matrices in float64, within 2e-6 of the largest value.',
  symmetric: true,
  alike: 'nothing',
  create({ rule, density = 1, lambda = 1, rank: wanted }, field) {
    checkPositive(wanted, `${field}.rank`);
    checkShare(density, `${field}.density`);
    checkFinite(lambda, `${field}.lambda`);
    return {
      rankOf: (module) => Math.min(wanted ?? totalRank(module), totalRank(module), module.rows),
      async mergePairs(module, kernels) {
        const { basis, parts } = await align(await kernels.factors(), module.members, kernels.options);
        const merged = await kernels.mergeMatrices(parts, stepsOf(module, parts, { rule, density, lambda }));
        const pair = { b: basis, a: { ...shapeOf(parts), data: new Float64Array(merged) } };
        const rank = wanted ?? basis.columns;
        if (rank >= basis.columns) return { a: pair.a.data, b: pair.b.data, rank: basis.columns, scaling: 1 };
        const cut = await balancedFactors(
          await productSvd(pair, kernels.options),
          Math.min(rank, module.columns),
        );
        return { a: cut.a.data, b: cut.b.data, rank: cut.a.rows, scaling: 1 };
      },
    };
  },
});

const shapeOf = ([first]: readonly Matrix[]): { rows: number; columns: number } => ({
  rows: first?.rows ?? 0,
  columns: first?.columns ?? 0,
});

interface Rule {
  readonly rule: merge.KnotsRule;
  readonly density: number;
  readonly lambda: number;
}

function stepsOf(
  { members }: ModuleMembers,
  parts: readonly Matrix[],
  { rule, density, lambda }: Rule,
): MergeStep[] {
  const weights = members.map(({ weight }) => weight);
  const end: MergeStep = { step: 'scale', factor: lambda };
  if (rule === merge.KnotsRule.LINEAR) {
    return [{ step: 'weigh', weights }, { step: 'sum', divisor: 'one', weights }, end];
  }
  const { rows, columns } = shapeOf(parts);
  const counts = members.map((member) => Math.floor((member.density ?? density) * rows * columns));
  return [
    { step: 'keep_largest', counts },
    { step: 'weigh', weights },
    { step: 'elect_sign' },
    { step: 'sum', divisor: 'present_weights', weights: weights.map(() => 1) },
    end,
  ];
}

/**
 * U (rows, k) and the ΣVᵢᵀ (k, columns). With [s₁B₁ … sₙBₙ] = Q·R and Aᵢᵀ = QᵢRᵢ the concatenation is Q·(R·diag(RᵢᵀQᵢᵀ)), whose small
 * middle R·diag(Rᵢᵀ) = U'ΣV'ᵀ is decomposed; U = QU', and ΣVᵢᵀ is ΣV'ᵀ's part i times Qᵢᵀ.
 */
async function align(
  factors: readonly Factors[],
  members: readonly Member[],
  options: CallOptions,
): Promise<{ basis: Matrix<Float64Array>; parts: Matrix<Float64Array>[] }> {
  const scales = members.map(({ scaling }) => scaling);
  const left = await qr(
    await joinColumns(
      factors.map(({ b }) => b),
      scales,
    ),
    options,
  );
  const rights = [];
  for (const { a } of factors) rights.push(await qr(await transpose(a), options));
  const middle: Matrix<Float64Array>[] = [];
  let from = 0;
  for (const { r } of rights) {
    middle.push(await matmul(columnsOf(left.r, from, r.columns), r, { transposeB: true }, options));
    from += r.columns;
  }
  const joined = await joinColumns(middle);
  const { u, s, vt } = await svd(joined, { vectors: 'thin' }, options);
  const k = Math.max(1, s.filter((value) => value > SMALLEST * (s[0] ?? 0)).length);
  const scaled = {
    rows: k,
    columns: vt.columns,
    data: vt.data.slice(0, k * vt.columns).map((value, at) => value * (s[Math.floor(at / vt.columns)] ?? 0)),
  };
  const parts: Matrix<Float64Array>[] = [];
  from = 0;
  for (const { q } of rights) {
    parts.push(await matmul(columnsOf(scaled, from, q.columns), q, { transposeB: true }, options));
    from += q.columns;
  }
  return { basis: await matmul(left.q, columnsOf(u, 0, k), {}, options), parts };
}

function columnsOf(matrix: Matrix<Float64Array>, from: number, count: number): Matrix<Float64Array> {
  const data = new Float64Array(matrix.rows * count);
  for (let i = 0; i < matrix.rows; i += 1) {
    const start = i * matrix.columns + from;
    data.set(matrix.data.subarray(start, start + count), i * count);
  }
  return { rows: matrix.rows, columns: count, data };
}
