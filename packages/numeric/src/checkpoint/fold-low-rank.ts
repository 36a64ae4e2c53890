import type { Real } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';

/** A low-rank pair in either precision: ΔW = scale · B · A. */
export interface LowRankPair<A extends Real> {
  /** (rank, columns), row by row. */
  readonly a: A;
  /** (rows, rank), row by row. */
  readonly b: A;
  readonly rank: number;
  readonly scale: number;
}

/**
 * W + s·B·A as a new array; W is rows × columns. Sums run over the rank in ascending order, in the precision of the arrays.
 * `name` is the tensor's name for errors.
 */
export async function foldLowRank<A extends Real>(
  name: string,
  weight: A,
  shape: { readonly rows: number; readonly columns: number },
  pair: LowRankPair<A>,
  options: CallOptions = {},
): Promise<A> {
  const sizes = { ...shape, rank: pair.rank };
  return call(name, options, async (task) => {
    const { a, b, scale } = pair as LowRankPair<Real>;
    // Not instanceof: an array may come from another realm, as in test runners.
    if (weight.BYTES_PER_ELEMENT === Float32Array.BYTES_PER_ELEMENT) {
      const sum = await addon().foldF32(
        task,
        weight as Float32Array,
        a as Float32Array,
        b as Float32Array,
        sizes,
        scale,
      );
      return sum as A;
    }
    return (await addon().foldF64(
      task,
      weight as Float64Array,
      a as Float64Array,
      b as Float64Array,
      sizes,
      scale,
    )) as A;
  });
}
