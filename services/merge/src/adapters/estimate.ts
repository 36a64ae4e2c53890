import type { common } from '@eigenloom/contracts';

import type { AdapterMergePlan, PlannedModule } from './plan/planned.js';

/** Operations a second of products and decompositions in f64 on two cores; the same figure as that of the init service. */
const OPERATIONS_PER_SECOND = 4e9;
const BYTES_PER_SECOND = 1e9;
const F32 = 4;
const F64 = 8;
/** Members, the members side by side, their orthogonal factors and the result. */
const COPIES = 4;
/** Everything else; measured with pairs of rank 64 of matrices of 4096 × 14336. */
const WORKING_BYTES = 256e6;

/** The price of a merge of adapters: one module at a time is in memory. */
export function estimateAdapters({ modules, inputs, saved }: AdapterMergePlan): common.Estimate {
  let operations = 0;
  let largest = 0;
  let written = 0;
  for (const module of modules) {
    const sides = module.rows + module.columns;
    const ranks = ranksOf(module) + module.rank;
    operations += 6 * sides * ranks ** 2;
    largest = Math.max(largest, COPIES * F64 * sides * ranks);
    written += F32 * sides * module.rank;
  }
  for (const { shape } of saved.values()) written += shape.reduce((product, size) => product * size, F32);
  const read = inputs.reduce(
    (sum, { file }) =>
      sum + [...file.tensors.values()].reduce((bytes, { byteLength }) => bytes + byteLength, 0),
    0,
  );
  return {
    durationSeconds: operations / OPERATIONS_PER_SECOND + (read + 2 * written) / BYTES_PER_SECOND,
    memoryBytes: BigInt(Math.round(WORKING_BYTES + largest)),
    // Pairs lie in the job's folder until the adapter is laid out.
    diskBytes: BigInt(2 * written),
    readBytes: BigInt(read),
    notes: [],
  };
}

const ranksOf = ({ members }: PlannedModule): number => members.reduce((sum, { rank }) => sum + rank, 0);
