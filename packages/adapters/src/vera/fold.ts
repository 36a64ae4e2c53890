import { doesNotFit } from '@eigenloom/checkpoint';
import { foldLowRank } from '@eigenloom/numeric';

import type { FoldRule } from '../parametrisation.js';
import type { VeraPart, VeraSettings } from './spec.js';

/** W + (diag(b)·B)·(diag(d)·A), with the corners of A and B. */
export const foldOf = ({ rank }: VeraSettings): FoldRule<VeraPart> => ({
  weight({ name, shape: [rows = 0, columns = 0] }, weight, tensors) {
    const [a, b] = [tensors('vera_A'), tensors('vera_B')];
    const [ofInput, ofOutput] = [tensors('vera_lambda_d'), tensors('vera_lambda_b')];
    const wide = a.length / rank;
    if (wide < columns || b.length < rows * rank)
      throw doesNotFit(
        name,
        `is ${rows}x${columns}, which is more than the adapter's vera_A and vera_B have`,
      );
    const pair = {
      a: new Float64Array(rank * columns),
      b: b.slice(0, rows * rank).map((value, i) => value * (ofOutput[Math.floor(i / rank)] ?? 0)),
      rank,
      scale: 1,
    };
    for (let k = 0; k < rank; k += 1) {
      const row = a.subarray(k * wide, k * wide + columns);
      pair.a.set(
        row.map((value) => value * (ofInput[k] ?? 0)),
        k * columns,
      );
    }
    return foldLowRank(name, weight, { rows, columns }, pair);
  },
});
