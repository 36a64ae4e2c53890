import type { common } from '@eigenloom/contracts';

import { foldCost } from '../fold/dense-inputs.js';
import type { ExtractPlan, ExtractTarget, TensorPair } from './planned.js';

/** As for decompositions in the init service. */
const OPERATIONS_PER_SECOND = 4e9;
const BYTES_PER_SECOND = 1e9;
const F32 = 4;
/** The difference, the remainder, and what the decomposition holds. */
const COPIES = 4;
const WORKING_BYTES = 256e6;

/** The price of an extraction, at most: how many modules changed is not known before. */
export function estimateExtract({ targets, biases, others, model, base }: ExtractPlan): common.Estimate {
  const elements = ({ shape }: TensorPair): number => shape.reduce((product, size) => product * size, 1);
  const operations = targets.reduce((sum, target) => sum + operationsOf(target), 0);
  const largest = targets.reduce((most, target) => Math.max(most, elements(target)), 0);
  const pairs = targets.reduce((sum, { rows, columns, most }) => sum + F32 * most * (rows + columns), 0);
  const full = others.reduce((sum, tensor) => sum + F32 * elements(tensor), 0);
  const compared = [...others, ...biases].reduce((most, tensor) => Math.max(most, F32 * elements(tensor)), 0);
  const read = [...model.model.tensors.values(), ...base.model.tensors.values()].reduce(
    (sum, { byteLength }) => sum + byteLength,
    0,
  );
  const folding = foldCost([base, model]);
  return {
    durationSeconds:
      folding.seconds + operations / OPERATIONS_PER_SECOND + (read + 2 * pairs + full) / BYTES_PER_SECOND,
    memoryBytes: BigInt(Math.max(WORKING_BYTES + COPIES * F32 * largest, folding.memoryBytes)),
    diskBytes: BigInt(2 * pairs + full + compared + folding.diskBytes),
    readBytes: BigInt(read),
    notes: [],
  };
}

function operationsOf({ rows, columns, most }: ExtractTarget): number {
  const side = Math.min(rows, columns);
  return rows * columns * Math.min(20 * side, 24 * most);
}
