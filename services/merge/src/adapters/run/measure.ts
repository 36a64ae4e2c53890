import { type Matrix, matmul } from '@eigenloom/numeric';

import type { MergedPair, PairKernels } from '../steps/adapter-method.js';
import type { PlannedModule } from '../plan/planned.js';
import { joinColumns, scalesOf, stackRows } from '../steps/stack-factors.js';

/** Frobenius norms of what a merged pair stands for and of how far it is from it. */
export interface Measured {
  /** ‖Σ wᵢsᵢBᵢAᵢ‖. */
  readonly norm: number;
  /** ‖s·B·A − Σ wᵢsᵢBᵢAᵢ‖; relative to the norm not below 1e-8, for it is the root of a difference in f64. */
  readonly error: number;
  /** Whether s·B·A is zero but for rounding, so that the pair changes nothing. */
  readonly isZero: boolean;
}

/** Measures a merged pair against its members, with shares instead of their weights if there are, by the factors: ‖BA‖² = Σ (BᵀB)ᵢⱼ(AAᵀ)ᵢⱼ, with the members and the result side by side. */
export async function measure(
  { members, rows, columns }: PlannedModule,
  shares: readonly number[] | undefined,
  merged: MergedPair,
  { factors, options }: Pick<PairKernels, 'factors' | 'options'>,
): Promise<Measured> {
  const given = await factors();
  const result = {
    a: { rows: merged.rank, columns, data: merged.a },
    b: { rows, columns: merged.rank, data: merged.b },
  };
  const scales = shares?.map((share, i) => share * (members[i]?.scaling ?? 0)) ?? scalesOf(members);
  const b = await joinColumns([...given.map((pair) => pair.b), result.b], [...scales, -merged.scaling]);
  const a = await stackRows([...given.map((pair) => pair.a), result.a]);
  const left = await matmul(b, b, { transposeA: true }, options);
  const right = await matmul(a, a, { transposeB: true }, options);
  const exact = b.columns - merged.rank;
  const members_ = product(left, right, 0, exact);
  const all = product(left, right, 0, b.columns);
  return {
    norm: members_.norm,
    error: all.norm,
    isZero: product(left, right, exact, b.columns).isZero || (members_.isZero && all.isZero),
  };
}

/** Squares that cancel to less than this share of their terms are rounding: of the factors in f32, whose share is 2⁻²⁴. */
const ROUNDING = 2 ** -44;

/** The norm of the product of some columns of B with the same rows of A, and whether it is zero but for rounding. */
function product(left: Matrix, right: Matrix, from: number, to: number): { norm: number; isZero: boolean } {
  let squares = 0;
  let terms = 0;
  for (let i = from; i < to; i += 1) {
    for (let j = from; j < to; j += 1) {
      const at = i * left.columns + j;
      const term = (left.data[at] ?? 0) * (right.data[at] ?? 0);
      squares += term;
      terms += Math.abs(term);
    }
  }
  return { norm: Math.sqrt(Math.max(0, squares)), isZero: squares <= ROUNDING * terms };
}
