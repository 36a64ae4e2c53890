import type { common } from '@eigenloom/contracts';

import { matrixBytesOf } from './steps/task-matrices.js';
import { notesOf } from './plan/notes.js';
import { foldCost } from './fold/dense-inputs.js';
import { contextOf, inputsOf, type MergePlan } from './plan/planned.js';

/** Bytes a second that a merge reads and writes on two cores, measured with bf16 models in the page cache. */
const BYTES_PER_SECOND = 1e9;
/** Multiply-adds a second of methods that work on whole matrices, measured on two cores, f64. */
const OPERATIONS_PER_SECOND = 8e9;
/** Chunks and histograms of all threads; does not grow with the model. */
const WORKING_BYTES = 256e6;
/** What vocabularies that are made into one cost for each token: measured with two of 100 000, 260 MB and 2 s. */
const BYTES_PER_TOKEN = 2_600;
const SECONDS_PER_TOKEN = 2e-5;

/**
 * The price of merges that follow one another; intermediate results count as written. `searchBytes`: memory of what looks for the
 * weights before the last merge. How long that takes is not known beforehand.
 */
export function estimateOf(plans: readonly MergePlan[], searchBytes = 0): common.Estimate {
  let read = 0;
  let written = 0;
  let operations = 0;
  let matrixBytes = 0;
  let tokens = 0;
  for (const { tensors, shards, rearranged, mode } of plans) {
    for (const tensor of tensors) {
      const { sources, base } = tensor;
      const bytes = tensor.merged ? matrixBytesOf(tensor.shape, tensor.method.matrixBytes) : 0;
      matrixBytes = Math.max(matrixBytes, bytes);
      if (bytes > 0) operations += tensor.method.matrixOperations(contextOf(tensor, mode));
      read += sources.reduce((sum, { tensor }) => sum + tensor.byteLength, base?.tensor.byteLength ?? 0);
    }
    written += shards.totalBytes + (rearranged?.bytes ?? 0);
    tokens += rearranged?.tokens ?? 0;
  }
  const folding = foldCost(plans.flatMap(inputsOf));
  return {
    durationSeconds:
      folding.seconds +
      (read + written) / BYTES_PER_SECOND +
      operations / OPERATIONS_PER_SECOND +
      tokens * SECONDS_PER_TOKEN,
    memoryBytes: BigInt(
      Math.max(WORKING_BYTES + matrixBytes + tokens * BYTES_PER_TOKEN, searchBytes, folding.memoryBytes),
    ),
    diskBytes: BigInt(written + folding.diskBytes),
    readBytes: BigInt(read),
    notes: [...new Set(plans.flatMap(notesOf))],
  };
}
