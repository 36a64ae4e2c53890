import type { common } from '@eigenloom/contracts';

import type { MergePlan } from './planned.js';

/** Bytes a second that a merge reads and writes on two cores, measured with bf16 models in the page cache. */
const BYTES_PER_SECOND = 1e9;
/** Chunks and histograms of all threads; does not grow with the model. */
const WORKING_BYTES = 256e6;

/**
 * The price of merges that follow one another; intermediate results count as written. `searchBytes`: memory of what looks for the
 * weights before the last merge. How long that takes is not known beforehand.
 */
export function estimateOf(plans: readonly MergePlan[], searchBytes = 0): common.Estimate {
  let read = 0;
  let written = 0;
  for (const { tensors, shards } of plans) {
    for (const { sources, base } of tensors) {
      read += sources.reduce((sum, { tensor }) => sum + tensor.byteLength, base?.tensor.byteLength ?? 0);
    }
    written += shards.totalBytes;
  }
  return {
    durationSeconds: (read + written) / BYTES_PER_SECOND,
    memoryBytes: BigInt(Math.max(WORKING_BYTES, searchBytes)),
    diskBytes: BigInt(written),
    readBytes: BigInt(read),
  };
}
